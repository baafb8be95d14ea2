// The map of 16384 slots: whose each is, or how much is asked of it.
import { byId, formatCount, keep, make, setText } from "./dom.js";
import { colourOf, letterOf, makeSwatch } from "./nodes.js";

const SLOTS = 16384;
const SIDE = 128;
const CELL = 3;
const HINT = "Point at a slot, or use the arrow keys.";
const LABEL_MIN = 256; // slots in a row of a map that have room for a letter

const canvas = byId("slots");
const ink = canvas.getContext("2d");
const state = {
  owners: new Int32Array(SLOTS).fill(-1), // numbers of nodes
  nodes: [], shards: [], ranges: [], heat: null, byHeat: false, cursor: null,
};

function colourValue(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function parseColour(text) {
  ink.fillStyle = "#000";
  ink.fillStyle = text;
  const hex = ink.fillStyle;
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function mix(from, to, share) {
  return `rgb(${from.map((part, at) => Math.round(part + (to[at] - part) * share)).join(" ")})`;
}

function place(slot) {
  return [(slot % SIDE) * CELL, Math.floor(slot / SIDE) * CELL];
}

// Nobody's: crossed out, so that it is seen without colours.
function drawNobody(slot) {
  const [x, y] = place(slot);
  ink.fillStyle = colourValue("--panel");
  ink.fillRect(x, y, CELL, CELL);
  ink.fillStyle = colourValue("--bad");
  if ((slot + Math.floor(slot / SIDE)) % 4 === 0) {
    ink.fillRect(x, y, CELL, CELL);
  }
}

function drawOwners() {
  for (let slot = 0; slot < SLOTS; slot++) {
    const owner = state.owners[slot];
    if (owner < 0) {
      drawNobody(slot);
      continue;
    }
    const [x, y] = place(slot);
    ink.fillStyle = colourOf(Math.max(state.shards[owner], 0));
    ink.fillRect(x, y, CELL, CELL);
  }
  drawLetters();
}

function drawLetters() {
  ink.font = "bold 15px system-ui, sans-serif";
  ink.textAlign = "center";
  ink.textBaseline = "middle";
  ink.fillStyle = "#fff";
  for (const [first, last, owner] of state.ranges) {
    if (last - first >= LABEL_MIN * 4 && state.shards[owner] >= 0) {
      const middle = Math.floor((first + last) / 2 / SIDE) * CELL;
      ink.fillText(letterOf(state.shards[owner]), (SIDE * CELL) / 2, middle + 1);
    }
  }
}

// Logarithmic: beside one slot with nearly all, the others are still seen.
function drawHeat() {
  const cold = parseColour(colourValue("--hot-0"));
  const hot = parseColour(colourValue("--hot-1"));
  const most = state.heat.reduce((a, b) => Math.max(a, b), 1);
  for (let slot = 0; slot < SLOTS; slot++) {
    const [x, y] = place(slot);
    ink.fillStyle = mix(cold, hot, Math.log1p(state.heat[slot]) / Math.log1p(most));
    ink.fillRect(x, y, CELL, CELL);
  }
}

function drawCursor() {
  if (state.cursor !== null) {
    const [x, y] = place(state.cursor);
    ink.strokeStyle = "#fff";
    ink.lineWidth = 1;
    ink.strokeRect(x - 1.5, y - 1.5, CELL + 3, CELL + 3);
    ink.strokeStyle = "#000";
    ink.strokeRect(x - 2.5, y - 2.5, CELL + 5, CELL + 5);
  }
}

function draw() {
  if (state.byHeat && state.heat !== null) {
    drawHeat();
  } else {
    drawOwners();
  }
  drawCursor();
}

function describe(slot) {
  const owner = state.owners[slot];
  if (owner < 0) {
    return `Slot ${slot}: nobody serves it`;
  }
  const range = state.ranges.find(([first, last]) => first <= slot && slot <= last);
  const heat = state.heat === null ? "" : `, ${formatCount(state.heat[slot])} requests lately`;
  const shard = state.shards[owner] < 0 ? "" : ` ${letterOf(state.shards[owner])}`;
  return `Slot ${slot}:${shard} ${state.nodes[owner].address}, with ${range[0]}–${range[1]}${heat}`;
}

function select(slot) {
  state.cursor = slot;
  setText(byId("slot-note"), slot === null ? HINT : describe(slot));
  draw();
}

function slotAt(event) {
  const box = canvas.getBoundingClientRect();
  const part = (at, from, size) => Math.min(SIDE - 1, Math.max(0, Math.floor(((at - from) / size) * SIDE)));
  return part(event.clientY, box.top, box.height) * SIDE + part(event.clientX, box.left, box.width);
}

canvas.addEventListener("pointermove", (event) => select(slotAt(event)));
canvas.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIDE, ArrowDown: SIDE };
  if (event.key in steps) {
    event.preventDefault();
    const next = (state.cursor ?? 0) + steps[event.key];
    select(((next % SLOTS) + SLOTS) % SLOTS);
  }
});

// The hottest in words, for who does not see it in the map.
function describeHeat() {
  const most = state.heat.reduce((a, b) => Math.max(a, b), 0);
  const all = state.heat.reduce((a, b) => a + b, 0);
  if (most === 0) {
    return "No requests lately";
  }
  return `Hottest, with ${Math.round((most / all) * 100)} % of all requests. ${describe(state.heat.indexOf(most))}`;
}

function choose(byHeat) {
  state.byHeat = byHeat;
  setText(byId("slot-note"), byHeat ? describeHeat() : HINT);
  byId("by-owner").setAttribute("aria-pressed", String(!byHeat));
  byId("by-heat").setAttribute("aria-pressed", String(byHeat));
  draw();
}

byId("by-owner").addEventListener("click", () => choose(false));
byId("by-heat").addEventListener("click", () => choose(true));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

// CRC16 of what is between the first braces, as the Redis Cluster specification has it.
export function slotOf(key) {
  const bytes = new TextEncoder().encode(key);
  const open = bytes.indexOf(123);
  const close = open < 0 ? -1 : bytes.indexOf(125, open + 1);
  const hashed = close > open + 1 ? bytes.slice(open + 1, close) : bytes;
  let crc = 0;
  for (const byte of hashed) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
    }
  }
  return crc % SLOTS;
}

byId("key").addEventListener("input", (event) => {
  select(event.target.value === "" ? null : slotOf(event.target.value));
});

export function showSlots(pool, shards) {
  state.nodes = pool.nodes;
  state.shards = shards;
  state.ranges = pool.slots;
  state.owners.fill(-1);
  for (const [first, last, owner] of pool.slots) {
    state.owners.fill(owner, first, last + 1);
  }
  setText(byId("slots-count"), `${pool.slots_served} of ${SLOTS} served`);
  const owners = pool.nodes.map((node, at) => ({ node, shard: shards[at] })).filter((one) => one.node.slots > 0);
  keep(byId("owners"), owners, (one) => one.node.id, (one) => make("li", "", makeSwatch(one.shard), make("span", "mono")),
    (item, one) => {
      item.firstElementChild.replaceWith(makeSwatch(one.shard));
      setText(item.lastElementChild, one.node.address);
    });
  draw();
}

export function showHeat(slots) {
  state.heat = slots;
  byId("slots-mode").hidden = false;
  if (state.byHeat) {
    draw();
  }
}
