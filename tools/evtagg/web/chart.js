// SPDX-License-Identifier: Apache-2.0
// What the report and the live page share: elements, harmless text, charts, tables.
"use strict";
const PRIORITIES = ["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"];

// Children are elements or texts; texts never become markup.
function el(name, attributes, ...children) {
  const e = name === "svg" || el.svg.has(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) e.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) e.append(child);
  return e;
}
el.svg = new Set(["rect", "text", "line", "g", "path", "title"]);

// As on a terminal: what is not to be seen, or turns text round, is spelt out.
function shown(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    c => { const n = c.charCodeAt(0); return n < 256 ? "\\x" + n.toString(16).padStart(2, "0") : "\\u" + n.toString(16).padStart(4, "0"); });
}
const count = n => Number(n).toLocaleString("en-US");
const time = ms => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
function duration(ms) {
  const s = Math.round(ms / 1000);
  return s < 1 ? ms + " ms" : s < 60 ? s + " s" : s < 3600 ? +(s / 60).toFixed(1) + " min" : s < 172800 ? +(s / 3600).toFixed(1) + " h" : +(s / 86400).toFixed(1) + " days";
}
function rank(priority) {
  const p = String(priority).toLowerCase(), at = PRIORITIES.findIndex(x => x.toLowerCase() === p || (x === "Informational" && p === "info"));
  return at < 0 ? 8 : at;
}
function chip(priority, level) {
  const p = level === undefined ? rank(priority) : level;
  return el("span", { class: "chip", style: "color: var(--p" + p + ")" }, shown(priority || "?"));
}

// Neighbours are added up until there are at most `most`.
function squeeze(values, most) {
  const by = Math.ceil(values.length / most);
  if (by <= 1) return [values, 1];
  const out = [];
  for (let i = 0; i < values.length; i += by) out.push(values.slice(i, i + by).reduce((a, b) => a + b, 0));
  return [out, by];
}

// series: [{name, colour, values}], stacked; start and bucket in ms.
function timeline(series, start, bucket, height) {
  // As wide as it is shown, so that its words stay readable on a telephone.
  const width = Math.max(260, Math.min(1440, document.documentElement.clientWidth - 60)), foot = 18, left = 46, plot = height - foot - 8;
  let by = 1;
  series = series.map(s => { const [v, b] = squeeze(s.values, Math.ceil(width / 5)); by = b; return Object.assign({}, s, { values: v }); });
  const n = Math.max(1, ...series.map(s => s.values.length));
  const sums = Array.from({ length: n }, (_, i) => series.reduce((a, s) => a + (s.values[i] || 0), 0));
  const most = Math.max(1, ...sums), step = (width - left) / n;
  const svg = el("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": "alerts over time" });
  for (const part of [0, 0.5, 1]) {
    const y = 8 + plot * (1 - part);
    svg.append(el("line", { x1: left, x2: width, y1: y, y2: y, stroke: "var(--line)" }));
    if (part === 0 || most * part === Math.round(most * part)) svg.append(el("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, count(most * part)));
  }
  for (let i = 0; i < n; i++) {
    let y = 8 + plot;
    const g = el("g");
    for (const s of series) {
      const v = s.values[i] || 0, h = v ? Math.max(1, v / most * plot) : 0;
      if (!h) continue;
      y -= h;
      g.append(el("rect", { x: (left + i * step + step * 0.06).toFixed(2), y: y.toFixed(2), width: Math.max(0.8, step * 0.88).toFixed(2), height: h.toFixed(2), fill: s.colour }));
    }
    if (!sums[i]) continue;
    g.append(el("title", null, time(start + i * bucket * by) + ": " + count(sums[i])));
    svg.append(g);
  }
  const ticks = Math.min(6, n, Math.max(1, Math.floor((width - left) / 150)));
  for (let i = 0; i <= ticks; i++) {
    svg.append(el("text", { x: left + (width - left) * i / ticks, y: height - 4, "text-anchor": i === 0 ? "start" : i === ticks ? "end" : "middle" },
      time(start + bucket * by * n * i / ticks).slice(0, 16)));
  }
  return [svg, bucket * by, most];
}

function spark(values) {
  const [v] = squeeze(values, 60), most = Math.max(1, ...v), svg = el("svg", { viewBox: "0 0 120 18", style: "width: 120px; height: 18px", preserveAspectRatio: "none" });
  v.forEach((x, i) => { if (x) svg.append(el("rect", { x: (i * 120 / v.length).toFixed(2), y: (18 - Math.max(2, x / most * 18)).toFixed(2), width: (120 / v.length * 0.85).toFixed(2), height: Math.max(2, x / most * 18).toFixed(2), fill: "var(--accent)" })); });
  return svg;
}
