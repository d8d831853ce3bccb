export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button"), name = button.querySelector("b");
  if (!button.classList.contains("done")) name.textContent = data.label;
  button.hidden = false;  // a button without its name is not shown
  button.onclick = async () => {
    const link = location.href;
    try { await navigator.clipboard.writeText(link); }
    catch {  // a page without https may not use the clipboard: select and copy the old way
      const field = document.createElement("textarea");
      field.value = link; document.body.append(field); field.select(); document.execCommand("copy"); field.remove();
    }
    button.classList.add("done"); name.textContent = data.done;
    parentElement.querySelector("p").textContent = data.done;
    setTimeout(() => { button.classList.remove("done"); name.textContent = data.label; }, 2500);
  };
}
