"use strict";
for (const chart of document.querySelectorAll("svg[data-points]")) {
  const points = JSON.parse(chart.dataset.points);
  const cross = chart.querySelector(".cross");
  const caption = chart.parentNode.querySelector("figcaption");
  const resting = caption.textContent;
  const width = chart.viewBox.baseVal.width;
  let shown = -1;
  const show = (index) => {
    shown = index;
    chart.classList.toggle("on", index >= 0);
    if (index < 0) { caption.textContent = resting; return; }
    cross.setAttribute("x1", points.x[index]);
    cross.setAttribute("x2", points.x[index]);
    caption.textContent = points.text[index];
  };
  const nearest = (x) => {
    let low = 0, high = points.x.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points.x[middle] <= x) low = middle; else high = middle;
    }
    return x - points.x[low] <= points.x[high] - x ? low : high;
  };
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    if (points.x.length && box.width > 0) show(nearest((event.clientX - box.left) / box.width * width));
  });
  chart.addEventListener("pointerleave", () => show(-1));
  chart.addEventListener("blur", () => show(-1));
  chart.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !points.x.length) return;
    event.preventDefault();
    show(Math.min(Math.max(shown + step, 0), points.x.length - 1));
  });
}
