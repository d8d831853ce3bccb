export default function ({ data, parentElement, setTriggerValue }) {
  const image = parentElement.querySelector("img"), grid = parentElement.querySelector("section");
  if (image.src !== data.src) image.src = data.src;
  image.alt = data.alt; grid.setAttribute("aria-label", data.label);
  const rows = data.cells.length, columns = data.cells[0].length;
  grid.style.gridTemplate = `repeat(${rows}, 1fr) / repeat(${columns}, 1fr)`;
  if (grid.querySelectorAll("button").length !== rows * columns) {
    grid.replaceChildren(...data.cells.map((row) => {
      const line = document.createElement("p"); line.setAttribute("role", "row");
      line.append(...row.map(() => {
        const cell = document.createElement("span"); cell.setAttribute("role", "gridcell"); cell.style.display = "contents";
        const button = document.createElement("button"); button.type = "button"; cell.append(button); return cell;
      }));
      return line;
    }));
  }
  const buttons = [...grid.querySelectorAll("button")];
  grid.at ??= 0;
  data.cells.flat().forEach((cell, index) => {
    const button = buttons[index];
    button.style.setProperty("--weight", cell.weight); button.setAttribute("aria-pressed", cell.hidden);
    button.setAttribute("aria-label", cell.name); button.tabIndex = index === grid.at ? 0 : -1;
    button.onfocus = () => { grid.at = index; buttons.forEach((other, i) => { other.tabIndex = i === index ? 0 : -1; }); };
    button.onclick = () => setTriggerValue("pressed", [Math.floor(index / columns), index % columns]);
  });
  grid.onkeydown = (event) => {
    const [row, column] = [Math.floor(grid.at / columns), grid.at % columns];
    const to = { ArrowRight: [row, column + 1], ArrowLeft: [row, column - 1], ArrowDown: [row + 1, column], ArrowUp: [row - 1, column] }[event.key];
    if (!to) return;
    event.preventDefault();
    if (to[0] >= 0 && to[0] < rows && to[1] >= 0 && to[1] < columns) buttons[to[0] * columns + to[1]].focus();
  };
}
