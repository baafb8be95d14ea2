// Making and changing elements. Whatever comes from a client or a node only ever becomes text.

export function byId(id) {
  return document.getElementById(id);
}

// An element with a class and children, which are elements or texts.
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) {
    element.className = className;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function makeSvg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

export function setMood(element, mood) {
  if (element.dataset.mood !== mood) {
    element.dataset.mood = mood;
  }
}

// Makes the children of `parent` be one element for each of `items`, in their order. What was there
// for the same key is kept and filled anew, so that a selection or the focus survives.
export function keep(parent, items, keyOf, create, fill) {
  const known = new Map();
  for (const child of parent.children) {
    known.set(child.dataset.key, child);
  }
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = known.get(key);
    if (child === undefined) {
      child = create(item);
      child.dataset.key = key;
    }
    known.delete(key);
    fill(child, item);
    if (child === next) {
      next = next.nextElementSibling;
    } else {
      parent.insertBefore(child, next);
    }
  }
  for (const child of known.values()) {
    child.remove();
  }
}

// A row with so many cells; `classes` are theirs.
export function makeRow(classes) {
  return make("tr", "", ...classes.map((name) => make("td", name)));
}

// A figure with a bar behind it that is as long as its share of the largest.
export function fillBar(cell, text, share) {
  if (cell.firstElementChild === null) {
    cell.classList.add("bar");
    cell.append(make("i"), make("span"));
  }
  cell.firstElementChild.style.width = `${Math.round(Math.min(Math.max(share, 0), 1) * 100)}%`;
  setText(cell.lastElementChild, text);
}

export function formatCount(number) {
  if (number === null || number === undefined) {
    return "–";
  }
  if (number < 10000) {
    return String(Math.round(number));
  }
  const [divisor, unit] = number < 1e6 ? [1e3, "k"] : number < 1e9 ? [1e6, "M"] : [1e9, "G"];
  const value = number / divisor;
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

export function formatBytes(number) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (number >= 1024 && at < units.length - 1) {
    number /= 1024;
    at++;
  }
  return `${number < 10 && at > 0 ? number.toFixed(1) : Math.round(number)} ${units[at]}`;
}

export function formatMicros(us) {
  if (us === null || us === undefined || us === 0) {
    return "–";
  }
  if (us < 1000) {
    return `${Math.round(us)} µs`;
  }
  const [value, unit] = us < 1e6 ? [us / 1e3, "ms"] : [us / 1e6, "s"];
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

export function formatAge(ms) {
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  if (seconds < 120) {
    return `${Math.round(seconds)} s`;
  }
  if (seconds < 7200) {
    return `${Math.round(seconds / 60)} min`;
  }
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

export function formatTime(ms) {
  return new Date(ms).toLocaleTimeString([], { hour12: false });
}

export const signs = { good: "●", neutral: "○", doubtful: "◆", bad: "▲" };
