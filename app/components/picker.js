export default function ({ data, parentElement, setTriggerValue }) {
  const group = parentElement.querySelector("section");
  group.setAttribute("aria-label", data.label);
  group.classList.toggle("made", data.made);
  group.style.setProperty("--ring", data.made ? "var(--st-orange-color)" : "var(--st-blue-color)");
  while (group.children.length > data.items.length) group.lastChild.remove();
  data.items.forEach((item, index) => {
    let button = group.children[index];
    if (!button) {
      button = document.createElement("button"); button.type = "button"; button.setAttribute("role", "radio");
      button.append(document.createElement("img")); group.append(button);
    }
    const image = button.firstChild;
    if (image.src !== item.src) image.src = item.src;
    image.alt = ""; button.setAttribute("aria-label", item.alt);
    const chosen = index === data.picked;
    button.setAttribute("aria-checked", chosen);
    button.tabIndex = chosen || (data.picked < 0 && index === 0) ? 0 : -1;
    button.onclick = () => setTriggerValue("picked", index);
  });
  group.onkeydown = (event) => {
    const at = [...group.children].indexOf(event.target), last = group.children.length - 1;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const next = (to + last + 1) % (last + 1);
    group.children[next].focus(); setTriggerValue("picked", next);
  };
}
