// The page: what is asked for when, and who shows it.
import { Chart, SECONDS } from "./charts.js";
import { byId, formatAge, formatCount, formatMicros, setText } from "./dom.js";
import { figuresOf, showEvents, showFigures, showHotKeys, showSlow, showWorkers } from "./lists.js";
import { shardsOf, showNodes } from "./nodes.js";
import { showHeat, showSlots } from "./slots.js";
import { ask, askInPassing, repeat } from "./source.js";
import { judge, showReadiness, showVerdict } from "./verdict.js";

const SERIES = [
  "requests_per_second", "errors_per_second", "redirects_per_second", "retries_per_second", "p50_us", "p99_us",
  "in_flight", "waiting",
];
const MARKED = new Set(["bad", "doubtful"]);
const UNCHANGED = 3000; // ms after which a page that hears nothing says so

const view = {
  poolName: null, answeredAt: 0, isHeld: false, second: null, history: {}, slots: { version: -1, slots: [] },
  events: new Map(), change: 0, busy: null,
};

const charts = {
  requests: new Chart(byId("chart-requests"), "Requests per second", [{ title: "requests" }], formatCount),
  latency: new Chart(byId("chart-latency"), "Latency", [{ title: "p99" }, { title: "p50" }], formatMicros, { log: true }),
  queue: new Chart(byId("chart-queue"), "Unanswered", [{ title: "waiting" }, { title: "with nodes" }], formatCount),
  trouble: new Chart(byId("chart-trouble"), "Trouble per second",
    [{ title: "errors" }, { title: "redirections" }, { title: "retries" }], formatCount, { least: 2 }),
};

function poolOf(pools) {
  return pools.find((pool) => pool.name === view.poolName) ?? pools[0];
}

function showPools(pools) {
  const select = byId("pool");
  if (select.options.length !== pools.length) {
    select.replaceChildren(...pools.map((pool) => new Option(pool.name, pool.name)));
    byId("pool-choice").hidden = pools.length < 2;
  }
  view.poolName ??= (pools.find((pool) => !pool.gone) ?? pools[0]).name;
  select.value = view.poolName;
}

async function fetchHistory() {
  const history = await ask("/history");
  const pool = poolOf(history.pools);
  view.second = history.second;
  for (const name of SERIES) {
    view.history[name] = pool[name];
  }
}

// A second that was missed, as while the page was hidden, is asked for with all others. The number of
// the last one is 0 in the first second of slotway itself, in which there is none.
async function keepHistory(stats, pool) {
  if (stats.second === view.second) {
    return;
  }
  if (view.second === null || stats.second !== view.second + 1) {
    await fetchHistory();
    return;
  }
  view.second = stats.second;
  for (const name of SERIES) {
    view.history[name].push(pool.last[name] ?? 0);
    view.history[name].splice(0, view.history[name].length - SECONDS);
  }
}

function showCharts(now) {
  const marks = [...view.events.values()]
    .filter((event) => MARKED.has(event.mood) && (event.pool === null || event.pool === view.poolName))
    .map((event) => ({ ago: (now - event.time_ms) / 1000, mood: event.mood, text: event.text }))
    .filter((mark) => mark.ago < SECONDS);
  const values = (...names) => names.map((name) => view.history[name] ?? []);
  charts.requests.show(values("requests_per_second"), marks);
  charts.latency.show(values("p99_us", "p50_us"), marks);
  charts.queue.show(values("waiting", "in_flight"), marks);
  charts.trouble.show(values("errors_per_second", "redirects_per_second", "retries_per_second"), marks);
}

// How much of the time between two answers each worker's loop was busy.
function workersOf(stats) {
  const before = view.busy;
  view.busy = { at: stats.time_ms, totals: stats.workers.map((worker) => worker.busy_us_total) };
  return stats.workers.map((worker, number) => {
    const elapsed = before === null ? 0 : (stats.time_ms - before.at) * 1000;
    const busy = elapsed > 0 ? (worker.busy_us_total - before.totals[number]) / elapsed : null;
    return { ...worker, number, busy: busy === null ? null : Math.min(Math.max(busy, 0), 1) };
  });
}

async function keepEvents(stats) {
  if (stats.events_change === view.change) {
    return;
  }
  const answer = await ask(`/events?after=${view.change > stats.events_change ? 0 : view.change}`);
  if (view.change > answer.change) {
    view.events.clear(); // another slotway, which counts anew
  }
  view.change = answer.change;
  for (const event of answer.events) {
    view.events.set(event.id, event);
  }
  const ids = [...view.events.keys()].sort((a, b) => a - b);
  ids.slice(0, -256).forEach((id) => view.events.delete(id));
  showEvents(ids.slice(-256).map((id) => view.events.get(id)), stats.pools.length > 1);
}

async function keepSlots(pool) {
  if (view.slots.version !== pool.version || view.slots.name !== pool.name) {
    const answer = poolOf((await ask("/topology")).pools);
    view.slots = { version: answer.version, name: answer.name, slots: answer.slots };
    showSlots(answer, shardsOf(answer.nodes, answer.slots));
  }
}

async function lookAtStats() {
  try {
    const stats = await ask("/stats");
    showPools(stats.pools);
    const pool = poolOf(stats.pools);
    view.answeredAt = performance.now();
    await Promise.all([keepHistory(stats, pool), keepEvents(stats), keepSlots(pool)]);
    setText(byId("version"), stats.version);
    showReadiness(stats);
    showVerdict(judge(stats, pool, [...view.events.values()].sort((a, b) => a.id - b.id)));
    showNodes(pool.nodes, shardsOf(pool.nodes, view.slots.slots));
    showWorkers(workersOf(stats));
    showFigures(figuresOf(stats, pool));
    showCharts(stats.time_ms);
  } catch (error) {
    setText(byId("updated"), `no answer: ${error.message}`);
  }
}

async function lookAtSlow() {
  const answer = view.poolName === null ? null : await askInPassing(`/slowlog?limit=50&pool=${encodeURIComponent(view.poolName)}`);
  if (answer !== null) {
    showSlow(answer.entries);
  }
}

async function lookAtHeat() {
  const [heat, keys] = await Promise.all([askInPassing("/heat"), askInPassing("/hotkeys")]);
  if (heat !== null && keys !== null) {
    showHeat(poolOf(heat.pools).slots);
    showHotKeys(poolOf(keys.pools));
  }
}

// Says how old what is shown is; a page that stands still looks like a quiet cluster.
function showAge() {
  if (view.answeredAt === 0) {
    return;
  }
  const age = performance.now() - view.answeredAt;
  const isOld = age > UNCHANGED && !view.isHeld;
  setText(byId("updated"), view.isHeld ? `held, ${formatAge(age)} old` : isOld ? `no answer for ${formatAge(age)}` : "live");
  if (isOld) {
    showVerdict({
      mood: "bad", headline: `No answer from slotway for ${formatAge(age)}`,
      detail: "What is below is what it said last.",
    });
  }
}

byId("hold").addEventListener("click", () => {
  view.isHeld = !view.isHeld;
  byId("hold").setAttribute("aria-pressed", String(view.isHeld));
  showAge();
});
byId("pool").addEventListener("change", (event) => {
  view.poolName = event.target.value;
  view.second = null;
  view.slots.version = -1;
  lookAtStats();
  lookAtSlow();
  lookAtHeat();
});

const isHeld = () => view.isHeld;

// The rest wants to know the pool.
async function begin() {
  await lookAtStats();
  repeat(1000, lookAtStats, isHeld);
  repeat(5000, lookAtSlow, isHeld);
  repeat(10000, lookAtHeat, isHeld);
}

begin();
setInterval(showAge, 500);
