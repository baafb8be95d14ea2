// Events, slow log, workers and hot keys.
import {
  byId, fillBar, formatBytes, formatCount, formatMicros, formatTime, keep, make, makeRow, setMood, setText, signs,
} from "./dom.js";

const EVENTS_SHOWN = 100;
const SLOW_SHOWN = 50;
const KEYS_SHOWN = 20;

const kindWords = {
  start: "started", topology: "topology", slots: "slots moved", failover: "failover", unserved: "slots unserved",
  doubt: "doubt", silence: "cluster silent", answer: "cluster answers", node_down: "node down", node_up: "node up",
  breaker_open: "node silent", breaker_closed: "node answers", redirects: "redirections", stall: "thread stuck",
  pause: "paused", resume: "resumed", reload: "reload", refused: "refused", certificate: "certificate",
  users: "users", upgrade: "upgrade", drain: "drain",
};

function createEvent() {
  return make("li", "", make("time", ""), make("span", "kind"), make("span", "node mono"), make("span", "text"));
}

function fillEvent(item, event, severalPools) {
  const [time, kind, node, text] = item.children;
  setMood(item, event.mood);
  time.dateTime = new Date(event.time_ms).toISOString();
  setText(time, formatTime(event.time_ms));
  const times = event.count > 1 ? ` ×${event.count}` : "";
  setText(kind, `${signs[event.mood] ?? "○"} ${kindWords[event.kind] ?? event.kind}${times}`);
  setText(node, event.node ?? "");
  setText(text, (severalPools && event.pool !== null ? `${event.pool}: ` : "") + event.text);
}

// The newest first.
export function showEvents(events, severalPools) {
  const shown = events.slice(-EVENTS_SHOWN).reverse();
  keep(byId("events"), shown, (event) => event.id, createEvent, (item, event) => fillEvent(item, event, severalPools));
}

const SLOW_CLASSES = ["", "number", "number", "mono cut", "mono spare"];

function fillSlow(row, entry) {
  const [when, took, waited, command, node] = row.cells;
  const words = entry.arguments.join(" ");
  const client = entry.name === "" ? entry.client : `${entry.name} ${entry.client}`;
  setText(when, formatTime(entry.time_ms));
  setText(took, formatMicros(entry.took_us));
  setText(waited, entry.waited_us === 0 ? "0" : formatMicros(entry.waited_us));
  setText(command, words);
  command.title = `${words}\n${client}`;
  setText(node, entry.node ?? "");
}

export function showSlow(entries) {
  keep(byId("slow").tBodies[0], entries.slice(0, SLOW_SHOWN), (entry) => entry.id, () => makeRow(SLOW_CLASSES), fillSlow);
  byId("slow").hidden = entries.length === 0;
  byId("slow-none").hidden = entries.length > 0;
}

function workerState(worker) {
  if (worker.stuck_ms > 0) {
    return ["bad", `${signs.bad} stuck`];
  }
  return worker.answered ? ["", ""] : ["doubtful", `${signs.doubtful} no answer`];
}

function fillWorker(row, worker, most) {
  const [name, clients, busy, turns] = row.cells;
  const [mood, words] = workerState(worker);
  setMood(row, mood);
  setText(name, `${worker.number} ${words}`);
  fillBar(clients, formatCount(worker.clients), worker.clients / Math.max(most, 1));
  fillBar(busy, worker.busy === null ? "–" : `${Math.round(worker.busy * 100)} %`, worker.busy ?? 0);
  setText(turns, formatCount(worker.long_turns_total));
}

export function showWorkers(workers) {
  const most = Math.max(0, ...workers.map((worker) => worker.clients));
  keep(byId("workers").tBodies[0], workers, (worker) => worker.number,
    () => makeRow(["state", "number", "number", "number"]), (row, worker) => fillWorker(row, worker, most));
}

// Pairs of a name and a text.
export function showFigures(pairs) {
  keep(byId("figures"), pairs.flatMap(([name, text]) => [{ tag: "dt", name, text: name }, { tag: "dd", name, text }]),
    (one) => one.tag + one.name, (one) => make(one.tag, ""), (element, one) => setText(element, one.text));
}

export function figuresOf(stats, pool) {
  const limit = stats.memory.limit_bytes === 0 ? "" : ` of ${formatBytes(stats.memory.limit_bytes)}`;
  return [
    ["Clients", `${formatCount(pool.totals.downstream_connections_active)} of ${formatCount(pool.clients_max)}`],
    ["Blocked clients", formatCount(pool.totals.downstream_blocked)],
    ["Received", `${formatBytes(pool.last.received_bytes_per_second ?? 0)}/s`],
    ["Sent", `${formatBytes(pool.last.sent_bytes_per_second ?? 0)}/s`],
    ["Requests and replies held", formatBytes(stats.memory.used_bytes) + limit],
    ["Writes with unknown outcome", formatCount(pool.totals.outcome_unknown_total)],
    ["Picture of the cluster", `${pool.version}, epoch ${pool.epoch}`],
  ];
}

const KEY_CLASSES = ["mono cut", "", "number", "number", "number"];

function fillKey(row, key, pool) {
  const [name, access, share, pace, slot] = row.cells;
  const part = key.requests / Math.max(pool.requests, 1);
  setText(name, key.key ?? `hidden, hash ${key.hash}`);
  setText(access, key.writes === 0 ? "reads" : key.writes >= key.requests ? "writes" : "reads and writes");
  fillBar(share, `${(part * 100).toFixed(1)} %`, part);
  setText(pace, formatCount((key.requests * 1000) / Math.max(pool.covered_ms, 1)));
  setText(slot, String(key.slot));
}

export function showHotKeys(pool) {
  byId("hot").hidden = pool.keys.length === 0;
  keep(byId("hot-keys").tBodies[0], pool.keys.slice(0, KEYS_SHOWN), (key) => key.hash, () => makeRow(KEY_CLASSES),
    (row, key) => fillKey(row, key, pool));
}
