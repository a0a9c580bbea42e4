// SPDX-License-Identifier: Apache-2.0
// The report: chapters out of the data that stand in the page.
const data = JSON.parse(document.getElementById("data").textContent);
const rules = data.rules.rows, hosts = data.hosts.rows, read = data.rules.read;
const ms = text => text ? Date.parse(text.slice(0, 23).replace(/Z?$/, "Z")) : 0;
const short = text => text ? text.slice(0, 16).replace("T", " ") : "";
const value = v => v === null || v === undefined ? "<NA>" : typeof v === "object" ? JSON.stringify(v) : v;
const name = row => Object.values(row.key).map(value).map(shown).join(", ");

// columns: [{title, cell(row), sort(row), right, wide}]
function table(rows, columns, id) {
  const body = el("tbody"), heads = [];
  let by = -1, down = true;
  const fill = list => body.replaceChildren(...list.map(row => el("tr", null, columns.map((c, i) =>
    el("td", { class: [c.right ? "right" : "", c.wide ? "wide" : "", c.bar ? "barcell" : "", i === 0 ? "key" : ""].join(" ").trim(), title: i === 0 ? c.cell(row) : null }, c.cell(row))))));
  columns.forEach((c, i) => {
    const arrow = el("span", { class: "arrow" });
    heads.push(el("th", { class: ((c.right ? "right " : "") + (c.sort ? "sortable" : "") + (c.bar ? "barcell" : "")).trim(), onclick: () => {
      if (!c.sort) return;
      down = by === i ? !down : typeof c.sort(rows[0] || {}) === "number";
      by = i;
      heads.forEach((h, k) => { h.classList.toggle("sorted", k === i); h.lastChild.textContent = k === i ? (down ? "▼" : "▲") : ""; });
      fill([...rows].sort((a, b) => { const x = c.sort(a), y = c.sort(b); return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1); }));
    } }, c.title, arrow));
  });
  fill(rows);
  if (!rows.length) return el("p", { class: "note" }, "None.");
  return el("div", { class: "scroll" }, el("table", { id }, el("thead", null, el("tr", null, heads)), body));
}
function card(title, ...children) { return el("section", { class: "card" }, el("h2", null, title), ...children); }
function bar(row, most, colour) { return el("div", { class: "bar", style: "width: " + (row.count / most * 100).toFixed(1) + "%" + (colour ? "; background: " + colour : "") }); }

const column = {
  key: title => ({ title, cell: name, sort: r => name(r).toLowerCase() }),
  bar: rows => { const most = Math.max(1, ...rows.map(r => r.count)); return { title: "", bar: true, cell: r => bar(r, most) }; },
  count: { title: "Count", right: true, cell: r => (r.count_error ? "≤" : "") + count(r.count), sort: r => r.count },
  share: { title: "Share", right: true, cell: r => (r.count / Math.max(1, read.selected) * 100).toFixed(1) + " %" },
  priority: { title: "Priority", cell: r => chip(r.priority), sort: r => 8 - rank(r.priority) },
  hosts: { title: "Hosts", right: true, cell: r => (r.hosts_exact ? "" : "~") + count(r.hosts), sort: r => r.hosts },
  rate: { title: "Per hour", right: true, cell: r => r.per_hour.toFixed(1), sort: r => r.per_hour },
  spark: { title: "Over time", cell: r => r.timeline ? spark(r.timeline) : "" },
  first: { title: "First", cell: r => short(r.first), sort: r => r.first || "" },
  last: { title: "Last", cell: r => short(r.last), sort: r => r.last || "" },
  output: { title: "Last output", wide: true, cell: r => shown(r.last_output) },
};

// New: first seen since what was asked for, or in the last tenth of the time.
const begin = ms(data.rules.first), end = ms(data.rules.last);
const fresh = data.new_since ? ms(data.new_since) : end - (end - begin) / 10;
const rare = rules.filter(r => r.count <= data.rare).sort((a, b) => a.count - b.count);
const novel = end > begin ? rules.filter(r => r.first && ms(r.first) >= fresh && ms(r.first) > begin) : [];

function overTime() {
  const d = data.priorities;
  if (!read.selected) return el("p", { class: "note" }, "There are no alerts in what was read" + (data.where ? ", or none is meant by the condition." : "."));
  if (!d.timeline) return el("p", { class: "note" }, "No alert has a time.");
  const series = [...d.rows].filter(r => r.timeline).sort((a, b) => rank(a.priority) - rank(b.priority))
    .map(r => ({ name: r.priority || "?", colour: "var(--p" + rank(r.priority) + ")", values: r.timeline }));
  const [svg, bucket, most] = timeline(series, ms(d.timeline_start), d.bucket_seconds * 1000, 210);
  return el("div", null, svg, el("div", { class: "legend" },
    series.map(s => el("span", null, el("i", { style: "background: " + s.colour }), shown(s.name))), el("span", { class: "grow" }),
    el("span", { class: "dim" }, "a bar is " + duration(bucket) + ", the highest has " + count(most) + " alerts; times are UTC")));
}

function sample(row) {
  const fields = row.last_fields && typeof row.last_fields === "object" ? Object.entries(row.last_fields) : [];
  return el("details", null, el("summary", null, chip(row.priority), " ", el("b", null, name(row)), " ", el("span", { class: "dim" }, shown(row.last_host) + " " + short(row.last_time))),
    el("p", { class: "mono" }, shown(row.last_output)),
    el("dl", { class: "mono" }, fields.flatMap(([k, v]) => [el("dt", null, shown(k)), el("dd", null, shown(value(v)))])));
}

function tile(number, what) { return el("div", { class: "tile" }, el("b", null, number), el("span", { class: "dim" }, what)); }

document.title = data.title + ": a report by evtagg";
const onlyRule = Object.keys((rules[0] || { key: { rule: 0 } }).key).join(", ");
const groups = onlyRule === "rule" ? "rules" : "groups by " + shown(onlyRule);
document.getElementById("main").append(...[
  el("div", { class: "head" }, el("h1", null, shown(data.title)),
    el("span", { class: "dim" }, begin ? short(data.rules.first) + " to " + short(data.rules.last) + " UTC (" + duration(end - begin) + ")" : ""), el("span", { class: "grow" }),
    el("span", { class: "dim" }, "made " + short(data.made) + " UTC by evtagg")),
  el("div", { class: "tiles" }, tile(count(read.selected), "alerts" + (data.where ? " where " + shown(data.where) : "")), tile((data.rules.exact ? "" : "~") + count(data.rules.groups), groups),
    tile(count(data.hosts.groups), "hosts"), tile(count(rare.length), "seen at most " + data.rare + " times"), tile(count(novel.length), end > begin ? "new since " + time(fresh).slice(0, 16) : "new"),
    tile(count(read.broken), "broken lines of " + count(read.lines))),
  card("Alerts over time, by priority", overTime()),
  card(rules.length < data.rules.groups ? "The " + rules.length + " most frequent of " + count(data.rules.groups) + " " + groups : "All " + groups,
    table(rules, [column.key(onlyRule === "rule" ? "Rule" : onlyRule), column.bar(rules), column.count, column.share, column.priority, column.hosts, column.rate, column.spark, column.first, column.last], "rules"),
    data.rules.exact ? null : el("p", { class: "note" }, "Memory was full: counts with ≤ are upper bounds, by at most " + count(data.rules.max_error) + " too high.")),
  el("div", { class: "two" },
    card("Priorities", table([...data.priorities.rows].sort((a, b) => rank(a.priority) - rank(b.priority)), [
      { title: "Priority", cell: r => chip(name(r)), sort: r => 8 - rank(r.priority) },
      { title: "", bar: true, cell: r => bar(r, Math.max(...data.priorities.rows.map(x => x.count)), "var(--p" + rank(r.priority) + ")") }, column.count, column.share, column.last], "priorities")),
    card("Hosts", table(hosts, [column.key("Host"), column.bar(hosts), column.count, column.share, column.spark], "hosts"))),
  card("Rare: seen at most " + data.rare + " times", rare.length ? table(rare, [column.key("Rule"), column.count, column.priority, column.last, column.output], "rare") : el("p", { class: "note" }, "None.")),
  card(end > begin ? "New: never seen before " + time(fresh).slice(0, 16) : "New", novel.length ? table(novel, [column.key("Rule"), column.count, column.priority, column.first, column.output], "new") : el("p", { class: "note" }, "None.")),
  card("The last alert of each", el("div", { id: "samples" }, rules.length ? rules.slice(0, 100).map(sample) : el("p", { class: "note" }, "None.")),
    rules.length > 100 ? el("p", { class: "note" }, "Of the first 100.") : null),
  el("p", { class: "note" }, "Read: " + count(read.lines) + " lines, " + count(read.alerts) + " alerts, " + count(read.text) + " lines of other text, " + count(read.json) + " of other JSON, " +
    count(read.broken) + " broken" + (data.inputs.length ? "; from " + data.inputs.map(shown).join(", ") : "") + "."),
].filter(Boolean));
