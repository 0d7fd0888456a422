// Draws each [data-chart] from the table that `data-from` names: its rows are months or weeks, `data-value` the height.
// The table is the page's own text, so nothing is said twice, and without this file nothing is missing.
"use strict";

(() => {
  const UNITS = { share: (n) => `${n} %`, days: (n) => `${n} d`, money: dollars };
  const drawn = [];

  function dollars(amount) {
    const short = { notation: "compact", maximumFractionDigits: 1 };
    return `${amount < 0 ? "-" : ""}$${Math.abs(amount).toLocaleString("en-US", short)}`;
  }

  function read(table) {
    const rows = [...table.tBodies[0].rows];
    return rows.map((row) => ({
      month: row.cells[0].textContent,
      short: row.cells[0].dataset.short ?? row.cells[0].textContent.slice(0, 3),
      value: row.cells[1].dataset.value === "" ? null : Number(row.cells[1].dataset.value),
      words: row.cells[1].textContent,
    }));
  }

  function says(box, rows) {
    const out = document.createElement("span");
    out.className = "chart-says";
    box.append(out);
    return (plot) => {
      const row = rows[plot.cursor.idx];
      out.textContent = row ? `${row.month}: ${row.words}` : "";
    };
  }

  function options(box, rows, kind) {
    const grid = { stroke: resolved(box, "--tblr-border-color"), width: 1 };
    const quiet = { stroke: resolved(box, "--tblr-secondary"), grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const strong = resolved(box, "--tblr-link-color");
    const isMoney = kind === "money";
    return {
      width: box.clientWidth,
      height: box.clientHeight,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
      scales: { x: { time: false, range: (_, low, high) => [low - 0.6, high + 0.6] }, y: { range: (_, low, high) => span(low, high) } },
      axes: [
        { ...quiet, grid: { show: false }, values: (_, at) => at.map((i) => (Number.isInteger(i) && rows[i] ? rows[i].short : "")), incrs: [1, 2, 3, 4, 6], space: 52, size: 30 },
        { ...quiet, values: (_, at) => at.map(UNITS[kind]), size: 56, space: 36 },
      ],
      series: [
        {},
        isMoney
          ? { stroke: strong, fill: strong, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.6, 36] }) }
          : { stroke: strong, width: 2, points: { show: true, size: 6, fill: strong }, spanGaps: false },
      ],
      hooks: { setCursor: [says(box, rows)] },
    };
  }

  // From nought, or from below it; never an axis without height.
  function span(low, high) {
    const bottom = Math.min(0, low ?? 0);
    const top = Math.max(0, high ?? 0);
    return [bottom, top === bottom ? bottom + 1 : top + (top - bottom) * 0.1];
  }

  // A custom property may be written as light-dark(…), which a canvas cannot read: let the browser compute it.
  function resolved(box, name) {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    box.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }

  function draw(box) {
    const table = document.getElementById(box.dataset.from);
    if (!table || !box.clientWidth) return;
    const rows = read(table);
    box.replaceChildren();
    const plot = new uPlot(options(box, rows, box.dataset.chart), [rows.map((_, i) => i), rows.map((row) => row.value)], box);
    drawn.push({ box, plot });
  }

  function all() {
    for (const { plot } of drawn.splice(0)) plot.destroy();
    for (const box of document.querySelectorAll("[data-chart]")) draw(box);
  }

  let soon = null;
  const later = () => {
    clearTimeout(soon);
    soon = setTimeout(all, 150);
  };
  all();
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) later();
    width = window.innerWidth;
  });
  // theme.js has put the other colours in before these are called.
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  window.addEventListener("beforeprint", all);
  window.addEventListener("afterprint", all);
})();
