// SPDX-License-Identifier: Apache-2.0
// The live page. A view is {kind, path, by}; the address after # says which one, so that the browser's back key works.
const page = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("main");
const view = { kind: "rows", path: [], by: null, alert: 0 };
const seen = { data: null, sort: -1, down: true, search: "", hide: false, at: 0, status: null, loaded: -1, busy: false, error: "" };

// ---- addresses -------------------------------------------------------------
function address(v) { return "#" + encodeURIComponent(JSON.stringify([v.kind, v.path, v.by, v.alert])); }
function read() {
  let parts = ["rows", [], null, 0];
  try { if (location.hash.length > 1) parts = JSON.parse(decodeURIComponent(location.hash.slice(1))); } catch (e) { /* a wrong address: the start */ }
  [view.kind, view.path, view.by, view.alert] = parts;
}
function go(kind, path, by, alert) { location.hash = address({ kind, path, by: by || null, alert: alert || 0 }); }
function question(path, by) {
  const q = new URLSearchParams();
  path.forEach(([column, kind, value], i) => { q.set("c" + i, column); q.set("k" + i, kind); q.set("v" + i, value); });
  if (by) q.set("by", by);
  return q.toString();
}

// ---- data --------------------------------------------------------------------
async function load(fresh) {
  if (seen.busy) { seen.again = true; return; }
  seen.busy = true;
  const kind = view.kind === "alert" ? "alerts" : view.kind;
  const asked = location.hash;
  try {
    const generation = seen.status ? seen.status.generation : -1;
    const answer = await fetch("/api/" + kind + "?" + question(view.path, view.by));
    if (!answer.ok) throw new Error(await answer.text());
    const data = await answer.json();
    if (asked === location.hash) { seen.data = data; seen.loaded = generation; seen.error = ""; draw(fresh); }
  } catch (e) { seen.error = String(e.message || e); draw(fresh); }
  seen.busy = false;
  if (seen.again || asked !== location.hash) { seen.again = false; load(asked !== location.hash); }
}
async function mark(row) {
  const answer = await fetch("/api/mark?" + question(view.path.concat(row.steps)), { method: "POST", headers: { "X-Evtagg-Token": page.token } });
  seen.error = answer.ok ? "" : await answer.text();
  load(false);
}

// ---- the table --------------------------------------------------------------------
function grid() { return view.kind === "alerts" ? seen.data.list : seen.data; }
const text = cell => Array.isArray(cell) ? cell[0] : cell;
function rows() {
  const g = grid(), word = seen.search.toLowerCase();
  let list = g.rows.map((row, index) => Object.assign(row, { index }));
  if (seen.hide) list = list.filter(r => !r.marked);
  if (word) list = list.filter(r => r.cells.some(c => shown(text(c)).toLowerCase().includes(word)));
  if (seen.sort >= 0 && seen.sort < g.columns.length) {
    const number = g.columns[seen.sort].number, value = r => number ? r.cells[seen.sort][1] : text(r.cells[seen.sort]);
    list.sort((a, b) => { const x = value(a), y = value(b); return (x < y ? -1 : x > y ? 1 : 0) * (seen.down ? -1 : 1); });
  }
  return list;
}
function open(row) {
  if (view.kind === "rows") {
    if (!view.path.length) go("fields", row.steps); else go("alerts", view.path.concat(row.steps));
  } else if (view.kind === "fields") go("rows", view.path, row.steps[0][0]);
  else if (view.kind === "alerts") go("alert", view.path, null, row.index);
}
function table() {
  const g = grid(), list = rows(), few = view.kind === "rows";
  // What one can do stands before the times: it is in sight on a narrow page too.
  const place = few ? g.columns.findIndex(c => c.title === "First") : g.columns.length;
  const put = (cells, ...more) => [...cells.slice(0, place), ...more, ...cells.slice(place)];
  const heads = g.columns.map((c, i) => el("th", { class: (c.right ? "right " : "") + "sortable" + (seen.sort === i ? " sorted" : ""), tabindex: 0, onclick: () => sort(i) },
    shown(c.title), el("span", { class: "arrow" }, seen.sort === i ? (seen.down ? "▼" : "▲") : "")));
  const body = list.map((row, n) => {
    const cells = g.columns.map((c, i) => el("td", { class: (c.right ? "right" : "") + (i === 0 && few ? " key" : "") + (i < g.columns.length - 1 ? "" : few ? " clip" : " wide"), title: i === 0 || i === g.columns.length - 1 ? shown(text(row.cells[i])) : null },
      c.title === "Priority" ? chip(text(row.cells[i]), row.priority) : shown(text(row.cells[i]))));
    const more = few ? [el("td", null, row.timeline ? spark(row.timeline) : ""),
      el("td", null, button("alerts", () => go("alerts", view.path.concat(row.steps)), "small"), " ", button("fields", () => go("fields", view.path.concat(row.steps)), "small"), " ",
        button(row.marked ? "unmark" : "noise", () => mark(row), "small" + (row.marked ? " on" : "")))] : [];
    return el("tr", { class: "open" + (row.marked ? " noise" : "") + (n === seen.at ? " at" : ""), onclick: () => open(row) }, put(cells, ...more));
  });
  return el("div", { class: "scroll" }, el("table", { id: "table" },
    el("thead", null, el("tr", null, few ? put(heads, el("th", null, "Over time"), el("th", null, "")) : heads)), el("tbody", null, body)));
}
function sort(column) {
  if (column === seen.sort) seen.down = !seen.down; else { seen.sort = column; seen.down = grid().columns[column].number; }
  seen.at = 0;
  draw();
}
function button(label, run, more) {
  return el("button", { class: more || "", onclick: e => { e.stopPropagation(); run(); } }, label);
}

// ---- around it -------------------------------------------------------------------------
function crumbs() {
  const list = [button("all " + shown(page.by === "rule" ? "rules" : page.by), () => go("rows", []), view.path.length || view.by ? "" : "on")];
  view.path.forEach(([column, kind, value], i) => {
    list.push(el("span", { class: "dim" }, "›"), button(shown(column) + " = " + (kind === 5 ? "<NA>" : shown(value)), () => go("fields", view.path.slice(0, i + 1))));
  });
  const what = view.kind === "rows" ? (view.by ? "by " + shown(view.by) : "") : view.kind === "alert" ? "one alert" : view.kind;
  if (what) list.push(el("span", { class: "dim" }, "›"), el("b", { id: "what" }, what));
  return el("nav", { class: "crumbs" }, list);
}
function over() {
  const t = seen.data.timeline;
  if (!t || !t.all.length) return null;
  const [svg, bucket, most] = timeline([{ name: "alerts", colour: "var(--accent)", values: t.all }], t.start, t.bucket, 130);
  return el("section", { class: "card", id: "timeline" }, svg, el("div", { class: "legend" }, el("span", { class: "dim" }, "a bar is " + duration(bucket) + ", the highest has " + count(most) + " alerts; times are UTC")));
}
function alert() {
  const one = seen.data.alerts[view.alert];
  if (!one) return el("p", { class: "note" }, "This alert is not kept any more.");
  return el("dl", { class: "mono", id: "alert" }, one.rows.flatMap(r => [el("dt", null, shown(text(r.cells[0]))),
    el("dd", null, shown(text(r.cells[1])), " ", r.steps.length ? button("all with it", () => go("alerts", view.path.concat(r.steps)), "small") : null)]));
}
function notes() {
  const list = [], g = view.kind === "alert" ? null : grid();
  if (seen.error) list.push("It did not work: " + shown(seen.error));
  if (seen.data && seen.data.list && seen.data.all > seen.data.list.rows.length) list.push("The newest " + count(seen.data.list.rows.length) + " of " + count(seen.data.all) + ".");
  if (g && !rows().length) list.push(seen.search ? "Nothing here has these words." : g.rows.length ? "All of it is marked as noise." :
    seen.status && (seen.status.follow || !seen.status.end) ? "No alerts so far." : "There are no alerts in what was read.");
  if (g && g.total > g.rows.length) list.push("The first " + count(g.rows.length) + " of " + count(g.total) + ".");
  if (g && g.exact === false) list.push("Memory was full: counts with <= are upper bounds, by at most " + count(g.max_error) + " too high.");
  if (seen.status && !seen.status.complete && (view.path.length || view.by)) list.push("Only the newest alerts are kept: what is older counts in the first table only.");
  return list.map(t => el("p", { class: "note" }, t));
}
function status() {
  const s = seen.status, live = document.getElementById("live"), words = document.getElementById("status");
  if (!words) return;
  const on = s && (s.follow || !s.end);
  live.className = "live" + (on ? "" : " off");
  words.textContent = !s ? "connecting" : count(s.alerts) + " alerts" + (s.broken ? ", " + count(s.broken) + " broken lines" : "") +
    (s.follow ? ", live" : s.end ? "" : ", reading" + (s.total ? " " + Math.floor(Math.min(s.read, s.total) / s.total * 100) + " %" : ""));
}
function tools() {
  const find = el("input", { id: "search", type: "search", placeholder: "search  ( / )", value: seen.search, oninput: e => { seen.search = e.target.value; seen.at = 0; redraw(); } });
  const by = el("input", { id: "by", placeholder: "group by: columns, Enter", size: 24, value: view.kind === "rows" && view.by ? view.by : "", onkeydown: e => { if (e.key === "Enter" && e.target.value.trim()) go("rows", view.path, e.target.value.trim()); } });
  if (view.kind === "alert") return null;
  return el("div", { class: "crumbs" }, find, by, view.kind === "rows" ? button(seen.hide ? "noise hidden" : "hide noise", () => { seen.hide = !seen.hide; draw(); }, seen.hide ? "on" : "") : null,
    view.kind !== "alerts" && view.kind !== "alert" ? button("alerts", () => go("alerts", view.path)) : null, view.kind !== "fields" ? button("fields", () => go("fields", view.path)) : null,
    el("span", { class: "grow" }), el("span", { class: "dim keys" }, "keys: j k Enter  / search  m noise  a alerts  f fields  Backspace back"));
}
function redraw() {
  const holder = document.getElementById("holder");
  if (holder && seen.data) holder.replaceChildren(view.kind === "alert" ? alert() : table(), ...notes());
}
// fresh: another view; else the same again, under hands that may be typing.
function draw(fresh) {
  if (!seen.data && !seen.error) return;
  const typing = document.activeElement && document.activeElement.id, where = typing && document.activeElement.selectionStart, draft = typing === "by" ? document.activeElement.value : null;
  if (fresh) { seen.at = 0; scrollTo(0, 0); }
  main.replaceChildren(...[el("div", { class: "head" }, el("h1", null, "evtagg"), el("span", null, el("i", { class: "live", id: "live" }), el("span", { id: "status", class: "dim" }))),
    crumbs(), view.kind === "rows" && seen.data ? over() : null, el("section", { class: "card" }, tools(), el("div", { id: "holder" }))].filter(Boolean));
  if (seen.data) redraw(); else document.getElementById("holder").replaceChildren(...notes());
  status();
  const again = typing && document.getElementById(typing);
  if (again) { again.focus(); if (draft !== null) again.value = draft; if (where !== null && again.setSelectionRange) again.setSelectionRange(where, where); }
}

// ---- keys -----------------------------------------------------------------------------
document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.target.tagName === "INPUT") { if (e.key === "Escape") e.target.blur(); return; }
  if (!seen.data) return;
  const list = view.kind === "alert" ? [] : rows(), row = list[seen.at];
  const move = n => { seen.at = Math.max(0, Math.min(list.length - 1, seen.at + n)); redraw(); const at = document.querySelector("tr.at"); if (at) at.scrollIntoView({ block: "nearest" }); };
  const keys = {
    "j": () => move(1), "k": () => move(-1), "ArrowDown": () => move(1), "ArrowUp": () => move(-1), "Home": () => move(-1e9), "End": () => move(1e9),
    "Enter": () => row && open(row), "m": () => row && view.kind === "rows" && mark(row), "a": () => go("alerts", view.kind === "rows" && row ? view.path.concat(row.steps) : view.path),
    "f": () => go("fields", view.kind === "rows" && row ? view.path.concat(row.steps) : view.path), "/": () => document.getElementById("search").focus(),
    "Backspace": () => history.back(), "Escape": () => { seen.search = ""; draw(); },
  };
  if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
});

// ---- live ---------------------------------------------------------------------------------
addEventListener("hashchange", () => { read(); Object.assign(seen, { data: null, sort: -1, search: "", at: 0 }); load(true); });
let due = 0;
const events = new EventSource("/api/events");
events.onmessage = e => {
  seen.status = JSON.parse(e.data);
  status();
  if (view.kind === "alert" || seen.status.generation === seen.loaded || due) return;
  // The first table costs little; deeper ones are read again, so less often.
  due = setTimeout(() => { due = 0; load(false); }, view.path.length || view.by ? 1500 : 300);
};
events.onerror = () => { const words = document.getElementById("status"); if (words) { words.textContent = "evtagg does not answer"; document.getElementById("live").className = "live off"; } };
read();
load(true);
