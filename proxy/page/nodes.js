// The nodes of a pool: one row for each, replicas below their primary.
import { byId, fillBar, formatAge, formatCount, formatMicros, keep, make, makeRow, setMood, setText, signs } from "./dom.js";

const COLOURS = ["#2b6cb0", "#b7410e", "#2f7d4f", "#7b4fb5", "#8a6d00", "#b03a6f", "#2c7a86", "#5b6470"];
const ROWS_MAX = 300;
const CLASSES = ["state", "mono", "number", "number", "number", "number", "number spare"];

const moods = {
  connected: "good", unused: "neutral", suspect: "doubtful", unreachable: "bad", silent: "bad",
};

export function moodOf(node) {
  return moods[node.health] ?? "neutral";
}

export function isPrimary(node) {
  return node.role === "primary";
}

export function colourOf(shard) {
  return shard < COLOURS.length ? COLOURS[shard] : `hsl(${Math.round(shard * 137.5) % 360} 55% 38%)`;
}

// A to Z, AA …: what is not only a colour.
export function letterOf(shard) {
  const last = String.fromCharCode(65 + (shard % 26));
  return shard < 26 ? last : letterOf(Math.floor(shard / 26) - 1) + last;
}

// Which shard each node is of, by its number: that of its primary, counted in the order of slots, so
// that colours stay when nodes change places. -1 for those without.
export function shardsOf(nodes, slots) {
  const shards = nodes.map(() => -1);
  let count = 0;
  for (const [, , owner] of slots) {
    if (shards[owner] === -1) {
      shards[owner] = count++;
    }
  }
  nodes.forEach((node, at) => {
    if (isPrimary(node) && shards[at] === -1) {
      shards[at] = count++;
    }
  });
  nodes.forEach((node, at) => {
    if (node.primary !== null && node.primary !== undefined) {
      shards[at] = shards[node.primary] ?? -1;
    }
  });
  return shards;
}

// Primaries by their slots, each with its replicas behind; then who is in no picture.
function order(nodes, shards) {
  const rank = (at) => (shards[at] === -1 ? nodes.length : shards[at]);
  return nodes
    .map((node, at) => ({ node, shard: shards[at], rank: rank(at) }))
    .sort((a, b) => a.rank - b.rank || Number(isPrimary(b.node)) - Number(isPrimary(a.node)) ||
      a.node.address.localeCompare(b.node.address));
}

export function makeSwatch(shard) {
  const swatch = make("span", "swatch");
  fillSwatch(swatch, shard);
  return swatch;
}

function fillSwatch(swatch, shard) {
  setText(swatch, shard < 0 ? "–" : letterOf(shard));
  swatch.style.background = shard < 0 ? "var(--muted)" : colourOf(shard);
}

function createRow() {
  const row = makeRow(CLASSES);
  row.cells[0].append(make("span", "sign"), make("span", ""));
  row.cells[0].firstElementChild.setAttribute("aria-hidden", "true");
  row.cells[1].append(make("span", "branch"), makeSwatch(-1), make("span", ""), make("span", "role"));
  return row;
}

function stateText(node) {
  const since = node.down_ms > 0 && moodOf(node) === "bad" ? ` ${formatAge(node.down_ms)}` : "";
  return node.health + since;
}

function roleText(node) {
  return node.role === null ? "not in the picture" : node.role;
}

function fillRow(row, { node, shard }, busiest) {
  const [state, name, slots, pace, latency, flight, connections] = row.cells;
  setMood(row, moodOf(node));
  setText(state.firstElementChild, signs[moodOf(node)]);
  setText(state.lastElementChild, stateText(node));
  const [branch, swatch, address, role] = name.children;
  setText(branch, isPrimary(node) || node.role === null ? "" : "└");
  branch.hidden = isPrimary(node) || node.role === null;
  fillSwatch(swatch, shard);
  setText(address, node.address);
  setText(role, roleText(node));
  name.title = node.id;
  setText(slots, isPrimary(node) ? formatCount(node.slots) : "");
  fillBar(pace, formatCount(node.requests_per_second), (node.requests_per_second ?? 0) / Math.max(busiest, 1));
  setText(latency, formatMicros(node.latency_us));
  setText(flight, formatCount(node.in_flight));
  setText(connections, formatCount(node.connections));
}

// Where there are very many, those in trouble are shown before all others.
function select(rows) {
  if (rows.length <= ROWS_MAX) {
    return rows;
  }
  const isBad = (row) => moodOf(row.node) === "bad" || moodOf(row.node) === "doubtful";
  return [...rows.filter(isBad), ...rows.filter((row) => !isBad(row))].slice(0, ROWS_MAX);
}

export function showNodes(nodes, shards) {
  const rows = order(nodes, shards);
  const shown = select(rows);
  const busiest = Math.max(0, ...nodes.map((node) => node.requests_per_second ?? 0));
  keep(byId("nodes").tBodies[0], shown, (row) => row.node.id + row.node.address, createRow,
    (row, item) => fillRow(row, item, busiest));
  const primaries = nodes.filter(isPrimary).length;
  const replicas = nodes.filter((node) => node.role === "replica").length;
  setText(byId("nodes-count"), `${primaries} primaries, ${replicas} replicas`);
  byId("nodes-more").hidden = shown.length === rows.length;
  setText(byId("nodes-more"), `${rows.length - shown.length} more are not shown; /topology has all.`);
}
