// What an operator wants to know first: is all well, and if not, what is it?
import { byId, formatAge, formatCount, setMood, setText, signs } from "./dom.js";
import { isPrimary, moodOf } from "./nodes.js";

const SLOTS = 16384;
const RECENT_MS = 60000;

function plural(count, word) {
  return `${formatCount(count)} ${word}${count === 1 ? "" : "s"}`;
}

function waitingText(pool) {
  return pool.waiting === 0 ? "no request waits" : `${plural(pool.waiting, "request")} wait${pool.waiting === 1 ? "s" : ""}`;
}

function errorText(pool) {
  const errors = pool.last.errors_per_second ?? 0;
  return errors === 0 ? "no errors" : `${plural(errors, "error")} per second`;
}

function ofTrouble(pool) {
  const ill = pool.nodes.filter((node) => isPrimary(node) && moodOf(node) === "bad");
  if (ill.length === 0) {
    return null;
  }
  const names = ill.slice(0, 3).map((node) => node.address).join(", ") + (ill.length > 3 ? " …" : "");
  const slots = ill.reduce((sum, node) => sum + node.slots, 0);
  const longest = Math.max(...ill.map((node) => node.down_ms));
  const what = ill.length === 1 ? `Primary ${names} has been ${ill[0].health}` : `${ill.length} primaries (${names}) have been out of reach`;
  return {
    mood: "bad",
    headline: `${what} for ${formatAge(longest)}`,
    detail: `${plural(slots, "slot")} without a working primary · ${waitingText(pool)} for a failover · ${errorText(pool)}`,
  };
}

function ofHalts(pool) {
  if (pool.halts.length === 0) {
    return null;
  }
  const texts = pool.halts.map((halt) => {
    const left = halt.left_ms === null ? "" : `, ${formatAge(halt.left_ms)} left`;
    return `${halt.what} of ${halt.node ?? "all nodes"}${left}`;
  });
  return {
    mood: "doubtful", headline: `By order of an operator: ${texts.slice(0, 3).join("; ")}`,
    detail: `${waitingText(pool)} · ${errorText(pool)}`,
  };
}

function ofSlots(pool) {
  const missing = SLOTS - pool.slots_served;
  return missing === 0 ? null : {
    mood: "bad",
    headline: `${plural(missing, "slot")} of ${SLOTS} ${missing === 1 ? "has" : "have"} no primary`,
    detail: `${waitingText(pool)} · ${errorText(pool)}`,
  };
}

function ofFailover(pool, events, now) {
  const event = events.findLast((one) => one.kind === "failover" && one.pool === pool.name && now - one.last_ms < RECENT_MS);
  return event === undefined ? null : {
    mood: pool.waiting > 0 ? "doubtful" : "good",
    headline: `Failover ${formatAge(now - event.last_ms)} ago: ${event.node} took over`,
    detail: `${event.text} · ${waitingText(pool)} · ${errorText(pool)}`,
  };
}

function ofMinor(pool) {
  const doubtful = pool.nodes.filter((node) => moodOf(node) === "doubtful" || (!isPrimary(node) && moodOf(node) === "bad"));
  if (doubtful.length > 0) {
    const names = doubtful.slice(0, 3).map((node) => `${node.address} is ${node.health}`).join(", ");
    return { mood: "doubtful", headline: names, detail: `${waitingText(pool)} · ${errorText(pool)}` };
  }
  return pool.waiting === 0 ? null : {
    mood: "doubtful", headline: waitingText(pool), detail: "for a failover, a migration or a connection",
  };
}

function ofAll(pool) {
  const primaries = pool.nodes.filter(isPrimary).length;
  return {
    mood: "good",
    headline: "All is well",
    detail: `${primaries} primaries serve all ${SLOTS} slots · ${waitingText(pool)} · ${errorText(pool)}`,
  };
}

function ofGone(pool) {
  return pool.gone ? {
    mood: "neutral", headline: `Pool ${pool.name} has gone`, detail: "it is not in the configuration any more",
  } : null;
}

function ofProcess(stats, pool) {
  if (stats.draining) {
    return { mood: "doubtful", headline: "slotway is stopping", detail: "its clients get their last replies" };
  }
  return pool.version > 0 ? null : {
    mood: "bad", headline: "Not ready", detail: stats.not_ready.join(" · ") || "no picture of the cluster yet",
  };
}

export function judge(stats, pool, events) {
  return ofGone(pool) ?? ofProcess(stats, pool) ?? ofTrouble(pool) ?? ofSlots(pool) ?? ofHalts(pool) ??
    ofFailover(pool, events, stats.time_ms) ??
    ofMinor(pool) ?? ofAll(pool);
}

export function showVerdict(verdict) {
  const box = byId("verdict");
  setMood(box, verdict.mood);
  setText(box.querySelector(".sign"), signs[verdict.mood]);
  setText(byId("headline"), verdict.headline);
  setText(byId("detail"), verdict.detail);
  document.title = verdict.mood === "good" ? "slotway" : `${signs[verdict.mood]} ${verdict.headline} – slotway`;
}

export function showReadiness(stats) {
  const pill = byId("ready");
  setMood(pill, stats.ready ? "good" : "bad");
  setText(pill, stats.ready ? `${signs.good} ready` : `${signs.bad} not ready`);
  pill.title = stats.not_ready.join("\n");
}
