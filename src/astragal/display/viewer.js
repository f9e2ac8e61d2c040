// The derivation viewer: steps forwards and backwards, and shows what else applies.
// One file serves the notebook widget and the standalone page.

function element(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function render({ model, el }) {
  const title = element("span", { className: "ag-title" });
  const back = element("button", { textContent: "◀ back", className: "ag-back" });
  const forth = element("button", { textContent: "forward ▶", className: "ag-forth" });
  const slider = element("input", { type: "range", min: 0, step: 1, className: "ag-slider" });
  const frame = element("div", { className: "ag-frame" });
  const others = element("div", { className: "ag-others" });
  const root = element(
    "div",
    { className: "ag-viewer", tabIndex: 0 },
    element("div", { className: "ag-bar" }, back, slider, forth, title),
    frame,
    others,
  );

  function go(index) {
    const last = model.get("frames").length - 1;
    model.set("index", Math.max(0, Math.min(last, index)));
    model.save_changes();
    draw();
  }

  function draw() {
    const frames = model.get("frames");
    const index = model.get("index");
    const shown = frames[index];
    slider.max = frames.length - 1;
    slider.value = index;
    back.disabled = index === 0;
    forth.disabled = index === frames.length - 1;
    title.textContent = `${index} of ${frames.length - 1}`;
    frame.innerHTML = shown.html;
    others.replaceChildren();
    if (shown.others.length === 0) return;
    others.append(element("div", { textContent: shown.asked ?? "What applies here:" }));
    for (const [place, other] of shown.others.entries()) {
      const result = element("div", { className: "ag-result", hidden: true });
      result.innerHTML = other.html;
      const open = element("button", { textContent: other.name, className: "ag-other" });
      open.onclick = () => {
        result.hidden = !result.hidden;
      };
      const row = element("div", {}, open);
      if (model.get("live")) {
        const take = element("button", { textContent: "take this way", className: "ag-take" });
        take.onclick = () => {
          model.set("chosen", [index, place, Date.now()]);
          model.save_changes();
        };
        row.append(take);
      }
      row.append(result);
      others.append(row);
    }
  }

  back.onclick = () => go(model.get("index") - 1);
  forth.onclick = () => go(model.get("index") + 1);
  slider.oninput = () => go(Number(slider.value));
  root.addEventListener("keydown", (event) => {
    if (event.target === slider) return;
    if (event.key === "ArrowRight") go(model.get("index") + 1);
    if (event.key === "ArrowLeft") go(model.get("index") - 1);
  });
  model.on("change:frames", draw);
  model.on("change:index", draw);
  draw();
  el.append(root);
}

export default { render };
