// The last ten minutes as lines. One chart has a few series of one unit, each with a tone and a dash
// of its own; events stand in it as marks, so that cause and effect are seen together.
import { formatAge, make, makeSvg, setText } from "./dom.js";

const SECONDS = 600;
const WIDTH = 600;
const HEIGHT = 100;
const BELOW = 14; // for the times
const TOP = 6;
const DASHES = ["none", "5 3", "1.5 2.5"];
const KEYS = ["", "dashed", "dotted"];

function niceLimit(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((limit) => limit >= value);
}

// Where a value stands, 0 to 1, and the lines to draw.
function linearScale(most, least) {
  const limit = niceLimit(Math.max(most, least));
  return { at: (value) => value / limit, lines: [limit / 2, limit] };
}

// From 10 µs on, ten times more with each line: a failover and a quiet night fit into one chart.
function logScale(most) {
  const low = 1;
  const high = Math.max(3, Math.ceil(Math.log10(Math.max(most, 1))));
  const lines = [];
  for (let power = low + 1; power <= high; power++) {
    lines.push(10 ** power);
  }
  return {
    at: (value) => Math.max(0, (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)),
    lines,
  };
}

// No line where there was nothing to measure; a single second is a dot.
function withGaps(values, place) {
  const runs = [];
  values.forEach((value, index) => {
    if (value > 0 && (index === 0 || values[index - 1] === 0)) {
      runs.push([place(value, index)]);
    }
    if (value > 0) {
      runs[runs.length - 1].push(place(value, index));
    }
  });
  return runs.length === 0 ? "0 0" : runs.map((run) => run.join("L")).join("M");
}

export class Chart {
  constructor(figure, title, series, format, options = {}) {
    this.series = series;
    this.format = format;
    this.options = options;
    this.values = series.map(() => []);
    this.marks = [];
    this.now = make("span", "now");
    this.notes = series.map((one, at) => {
      const note = make("span", "");
      return { note, whole: make("span", "series", make("i", `key ${KEYS[at]} tone-${at}`), `${one.title} `, note) };
    });
    this.svg = makeSvg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + BELOW}`, role: "img", preserveAspectRatio: "none" });
    this.readout = make("span", "series");
    this.readout.hidden = true;
    figure.replaceChildren(
      make(
        "figcaption", "", make("b", "", title), this.now,
        make("span", "legend", ...this.notes.map((one) => one.whole), this.readout),
      ),
      this.svg,
    );
    this.title = title;
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.pointAt(null));
    this.pointed = null;
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    const second = Math.round(((event.clientX - box.left) / box.width) * SECONDS);
    this.pointAt(Math.min(Math.max(second, 0), SECONDS - 1));
  }

  pointAt(second) {
    this.pointed = second;
    this.draw();
  }

  // `values` is an array for each series, the newest last; `marks` are { ago, mood, text }.
  show(values, marks) {
    this.values = values;
    this.marks = marks;
    this.draw();
  }

  lastOf(at) {
    const values = this.values[at];
    return values.length === 0 ? null : values[values.length - 1];
  }

  draw() {
    const most = Math.max(0, ...this.values.flat());
    const scale = this.options.log ? logScale(most) : linearScale(most, this.options.least ?? 10);
    const y = (value) => HEIGHT - scale.at(value) * (HEIGHT - TOP);
    const parts = scale.lines.map((line) => this.drawGrid(y(line), line));
    parts.push(...this.marks.map((mark) => this.drawMark(mark)));
    this.values.forEach((values, at) => parts.push(...this.drawSeries(values, at, y)));
    parts.push(...this.drawTimes(), ...this.drawPointed());
    this.svg.replaceChildren(...parts);
    this.describe();
  }

  drawGrid(at, value) {
    return makeSvg(
      "g", {},
      makeSvg("line", { class: "grid", x1: 0, x2: WIDTH, y1: at, y2: at }),
      this.makeLabel(2, at - 2, this.format(value)),
    );
  }

  // The picture is stretched to its place; labels are stretched back.
  makeLabel(x, y, text, anchor = "start") {
    const across = WIDTH / Math.max(this.svg.clientWidth, 1);
    const down = (HEIGHT + BELOW) / Math.max(this.svg.clientHeight, 1);
    return makeSvg("text", { transform: `translate(${x} ${y}) scale(${across} ${down})`, "text-anchor": anchor }, text);
  }

  drawMark(mark) {
    const x = WIDTH - (mark.ago / SECONDS) * WIDTH;
    const title = makeSvg("title", {}, mark.text);
    const ratio = WIDTH / Math.max(this.svg.clientWidth, 1);
    return makeSvg(
      "g", { class: mark.mood },
      makeSvg("line", { class: "mark", x1: x, x2: x, y1: TOP, y2: HEIGHT }),
      makeSvg("path", { d: `M${x - 3.5 * ratio} 0h${7 * ratio}l${-3.5 * ratio} 6z`, stroke: "none" }),
      title,
    );
  }

  drawSeries(values, at, y) {
    if (values.length < 2) {
      return [];
    }
    const x = (index) => WIDTH - ((values.length - 1 - index) / (SECONDS - 1)) * WIDTH;
    const place = (value, index) => `${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    const path = this.options.log ? withGaps(values, place) : values.map(place).join("L");
    const line = makeSvg("path", {
      class: `line tone-${at}`, d: `M${path}`, "stroke-dasharray": DASHES[at],
    });
    if (at > 0 || this.options.log) {
      return [line];
    }
    const area = makeSvg("path", {
      class: `area tone-${at}`, d: `M${x(0).toFixed(1)} ${HEIGHT}L${path}L${WIDTH} ${HEIGHT}z`,
    });
    return [area, line];
  }

  drawTimes() {
    const label = (x, text, anchor) => this.makeLabel(x, HEIGHT + 11, text, anchor);
    return [
      makeSvg("line", { class: "grid", x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT }),
      label(0, "10 min ago", "start"), label(WIDTH / 2, "5 min", "middle"), label(WIDTH, "now", "end"),
    ];
  }

  drawPointed() {
    this.readout.hidden = this.pointed === null;
    this.notes.forEach((one) => {
      one.whole.hidden = this.pointed !== null;
    });
    if (this.pointed === null) {
      return [];
    }
    const ago = SECONDS - 1 - this.pointed;
    const texts = this.values.map((values, at) => {
      const value = values[values.length - 1 - ago];
      return `${this.series[at].title} ${value === undefined ? "–" : this.format(value)}`;
    });
    setText(this.readout, `${formatAge(ago * 1000)} ago: ${texts.join(", ")}`);
    const x = (this.pointed / (SECONDS - 1)) * WIDTH;
    return [makeSvg("line", { class: "cursor", x1: x, x2: x, y1: 0, y2: HEIGHT })];
  }

  describe() {
    const texts = this.values.map((values, at) => {
      const last = this.lastOf(at);
      const text = last === null ? "–" : this.format(last);
      setText(this.notes[at].note, text);
      return `${this.series[at].title} ${text} now, at most ${this.format(Math.max(0, ...values))}`;
    });
    const first = this.lastOf(0);
    setText(this.now, first === null ? "–" : this.format(first));
    this.svg.setAttribute("aria-label", `${this.title}, the last ten minutes: ${texts.join("; ")}`);
  }
}

export { SECONDS };
