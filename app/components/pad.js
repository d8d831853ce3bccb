export default function ({ data, parentElement, setStateValue }) {
  const canvas = parentElement.querySelector("canvas"), pen = canvas.getContext("2d");
  const undo = parentElement.querySelector(".undo"), clear = parentElement.querySelector(".clear");
  canvas.strokes ??= []; canvas.sent ??= 0;
  const draw = () => {
    pen.clearRect(0, 0, 448, 448);
    pen.strokeStyle = getComputedStyle(canvas).color; pen.lineWidth = 36; pen.lineCap = pen.lineJoin = "round";
    for (const stroke of canvas.strokes) {
      pen.beginPath();
      stroke.forEach(([x, y], at) => at ? pen.lineTo(x * 448, y * 448) : pen.moveTo(x * 448, y * 448));
      if (stroke.length === 1) pen.lineTo(stroke[0][0] * 448 + 0.1, stroke[0][1] * 448);
      pen.stroke();
    }
    const many = canvas.strokes.length;
    canvas.setAttribute("aria-label", data.label.replace("{count}", many));
    undo.disabled = clear.disabled = many === 0;
  };
  const send = () => { canvas.sent = Date.now(); setStateValue("strokes", canvas.strokes.map((stroke) => stroke.slice())); };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((part) => Math.round(Math.min(1, Math.max(0, part)) * 1000) / 1000);
  };
  canvas.onpointerdown = (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId); canvas.drawing = true; canvas.strokes.push([at(event)]); draw();
  };
  canvas.onpointermove = (event) => {
    if (!canvas.drawing) return;
    for (const point of event.getCoalescedEvents?.() ?? [event]) canvas.strokes.at(-1).push(at(point));
    draw();
    if (Date.now() - canvas.sent > 200) send();
  };
  canvas.onpointerup = canvas.onpointercancel = () => { if (canvas.drawing) { canvas.drawing = false; send(); } };
  undo.textContent = data.undo; clear.textContent = data.clear;
  undo.hidden = clear.hidden = false;
  undo.onclick = () => { canvas.strokes.pop(); draw(); send(); };
  clear.onclick = () => { canvas.strokes = []; draw(); send(); };
  canvas.onkeydown = (event) => { if (event.key === "Backspace" || (event.ctrlKey && event.key === "z")) { undo.click(); event.preventDefault(); } };
  draw();
}
