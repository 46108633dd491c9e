"use strict";
(() => {
  const LANE = 16, GAP = 4, WAITING_COUNTS = 3, SHOWN = 8, SVG = "http://www.w3.org/2000/svg";
  const data = JSON.parse(document.getElementById("data").textContent);
  const states = data.states.map(([name, label, wait, height, texture, short]) => ({ name, label, wait, height, texture, short }));
  const kinds = data.kinds.map(([state, call, target, site]) => ({ state, call, target, site }));
  const $ = (id) => document.getElementById(id);
  const rows = new Map(); // run id -> its row on the page
  const hidden = new Set();
  let group, view, selected = null;

  const make = (name, attributes = {}, text) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const draw = (name, attributes, text) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const short = (us) => {
    const ms = us / 1000;
    if (ms >= 9999.5) return `${Number((ms / 1000).toPrecision(3))} s`;
    return ms >= 100 ? `${Math.round(ms).toLocaleString("en")} ms` : `${Number(ms.toPrecision(3))} ms`;
  };
  const runName = (run) => (run.backend ? `${run.name} on ${run.backend}` : run.name);

  // The line behind a pool tells its length as a span's target.
  const depthOf = (kind) => (states[kind.state].name === "queue" ? Number(/^(\d+) (?:queued|in line)$/.exec(kind.target ?? "")?.[1] ?? 1) : 0);
  const wordOf = (kind) => {
    const state = states[kind.state];
    if (state.name === "blocked") return kind.call ?? state.short;
    return depthOf(kind) && kind.target ? kind.target : state.short;
  };

  // Each lane gets the start of every span, so that a moment is found by halving.
  for (const { runs } of data.groups) {
    for (const run of runs) {
      run.lanes = run.lanes.map(([role, title, thread, more, flat]) => {
        const starts = [], kind = [];
        let now = 0;
        for (let at = 0; at < flat.length; at += 2) {
          starts.push(now);
          kind.push(flat[at + 1]);
          now += flat[at];
        }
        const most = Math.max(1, ...new Set(kind.map((one) => depthOf(kinds[one]))));
        return { role, title, thread, more, starts, kind, most, end: now, name: title + (more ? ` ×${more} more` : "") };
      });
    }
  }
  const stateOf = (lane, at) => states[kinds[lane.kind[at]].state];
  const endOf = (lane, at) => (at + 1 < lane.starts.length ? lane.starts[at + 1] : lane.end);
  const spanAt = (lane, us) => {
    let low = 0, high = lane.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (lane.starts[middle] <= us) low = middle; else high = middle - 1;
    }
    return low;
  };

  // ---- drawing -------------------------------------------------------------------------------------------------

  const left = (width) => (width < 560 ? 104 : 190);
  const scaleOf = (width) => (width - left(width) - 10) / (view.to - view.from);
  const fits = (words, room) => (words.length * 6.3 <= room ? words : words.slice(0, Math.max(0, Math.floor(room / 6.3) - 1)) + "…");

  // What falls into less than a pixel is one piece: of the state with most of the time, where waits count threefold.
  const pieces = (lane, scale) => {
    const found = [];
    let share = null;
    const flush = () => {
      if (!share) return;
      let best = 0;
      for (const [state, us] of share.by) if (us > (share.by.get(best) ?? -1)) best = state;
      found.push({ from: share.from, to: share.to, state: best, at: share.first.get(best) });
      share = null;
    };
    const longest = new Map();
    if (!lane.starts.length) return found;
    const last = Math.min(spanAt(lane, view.to), lane.starts.length - 1);
    const first = spanAt(lane, view.from);
    for (let at = first; at <= last; at += 1) {
      const state = kinds[lane.kind[at]].state, us = endOf(lane, at) - lane.starts[at];
      if (states[state].wait && us > (longest.get(state)?.us ?? -1)) longest.set(state, { at, us });
    }
    const kept = new Set([...longest.values()].map((one) => one.at));
    for (let at = first; at <= last; at += 1) {
      const from = Math.max(lane.starts[at], view.from), to = Math.min(endOf(lane, at), view.to);
      if (to <= from) continue;
      const state = kinds[lane.kind[at]].state;
      if (kept.has(at) || (to - from) * scale >= 0.8) {
        flush();
        found.push({ from, to, state, at });
        continue;
      }
      share ??= { from, to, by: new Map(), first: new Map() };
      share.to = to;
      share.by.set(state, (share.by.get(state) ?? 0) + (to - from) * (states[state].wait ? WAITING_COUNTS : 1));
      if (!share.first.has(state)) share.first.set(state, at);
      if ((to - share.from) * scale >= 0.8) flush();
    }
    flush();
    return found;
  };

  const drawLane = (svg, lane, y, width) => {
    const scale = scaleOf(width), x0 = left(width), paths = new Map(), words = [];
    for (const piece of pieces(lane, scale)) {
      const look = states[piece.state], depth = depthOf(kinds[lane.kind[piece.at]]);
      const high = look.height * LANE * (depth ? 0.3 + 0.7 * depth / lane.most : 1);
      const top = look.texture === "line" ? y + (LANE - high) / 2 : y + LANE - high;
      const x = x0 + (piece.from - view.from) * scale;
      let wide = (piece.to - piece.from) * scale;
      if (look.wait) wide = Math.max(wide - 0.5, 1.2);
      const path = `M${x.toFixed(1)} ${top.toFixed(1)}h${wide.toFixed(1)}v${high.toFixed(1)}h${(-wide).toFixed(1)}z`;
      paths.set(piece.state, (paths.get(piece.state) ?? "") + path);
      if (look.wait) {
        const word = wordOf(kinds[lane.kind[piece.at]]), before = words[words.length - 1];
        if (before && before.word === word && x - before.to < 2) before.to = x + wide;
        else words.push({ word, state: look.name, from: x, to: x + wide });
      }
    }
    for (const [state, d] of paths) {
      svg.append(draw("path", { d, class: `s-${states[state].name}` }));
      const texture = states[state].texture;
      if (texture !== "plain" && texture !== "line") svg.append(draw("path", { d, fill: `url(#texture-${texture})` }));
    }
    for (const { word, state, from, to } of words) {
      if (to - from > word.length * 6.3 + 10) svg.append(draw("text", { x: from + 5, y: y + LANE - 4, class: "call", stroke: `var(--${state})` }, word));
    }
    const more = lane.more ? ` ×${lane.more} more` : "";
    if (lane.end > view.to && view.from === 0 && view.to === group.axis) {
      svg.append(draw("text", { x: width - 8, y: y + LANE - 4, class: "cut" }, "»"));
    }
    svg.append(draw("text", { x: 0, y: y + LANE - 4 }, fits(lane.title, x0 - 12 - more.length * 6.3) + more));
  };

  const ticks = (width) => {
    const most = Math.max(2, Math.floor((width - left(width)) / 75)), least = (view.to - view.from) / (most - 1);
    const power = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= least * 0.999999);
    const found = [];
    for (let tick = Math.ceil(view.from / step) * step; tick <= view.to + step * 1e-6; tick += step) found.push(tick);
    return found;
  };

  const drawAxis = () => {
    const axis = $("axis"), width = axis.clientWidth, scale = scaleOf(width);
    axis.replaceChildren();
    axis.setAttribute("viewBox", `0 0 ${width} 30`);
    let free = 0;
    for (const tick of ticks(width)) {
      const x = left(width) + (tick - view.from) * scale, words = tick === 0 ? "0 ms" : short(Number(tick.toPrecision(10)));
      const wide = words.length * 6.5, start = x + wide > width ? x - wide : x;
      axis.append(draw("path", { d: `M${x} 22v8` }));
      if (start < free) continue;
      axis.append(draw("text", { x, y: 16, "text-anchor": start < x ? "end" : "start" }, words));
      free = start + wide + 8;
    }
  };

  const lanesShown = (row) => (row.every || row.run.lanes.length <= SHOWN + 1 ? row.run.lanes : foremost(row.run.lanes));
  const foremost = (lanes) => {
    const waited = (lane) => lane.kind.reduce((sum, kind, at) => sum + (states[kinds[kind].state].wait ? endOf(lane, at) - lane.starts[at] : 0), 0);
    const order = new Map(lanes.map((lane) => [lane, (["loop", ""].includes(lane.role) ? 1e15 : 0) + waited(lane)]));
    const chosen = new Set([...lanes].sort((a, b) => order.get(b) - order.get(a)).slice(0, SHOWN));
    return lanes.filter((lane) => chosen.has(lane));
  };

  const drawRow = (row) => {
    const { svg } = row, width = row.chart.clientWidth, lanes = lanesShown(row);
    if (!width) return;
    const height = lanes.length * (LANE + GAP);
    row.shown = lanes;
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    const scale = scaleOf(width);
    for (const tick of ticks(width)) {
      const x = left(width) + (tick - view.from) * scale;
      svg.append(draw("path", { d: `M${x} 0v${height}`, class: "grid" }));
    }
    lanes.forEach((lane, at) => drawLane(svg, lane, at * (LANE + GAP), width));
    row.stale = false;
    mark();
  };

  let asked = false;
  const redraw = () => {
    for (const row of rows.values()) row.stale = true;
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      drawAxis();
      for (const row of rows.values()) if (row.near) drawRow(row);
      document.body.dataset.span = `${Math.round(view.from)} ${Math.round(view.to)}`;
    });
  };

  // ---- what waited, told under the pointer and at the keyboard's mark ------------------------------------------

  const told = (row, lane, at) => {
    const kind = kinds[lane.kind[at]], state = states[kind.state], site = data.sites[kind.site];
    const lines = [`${kind.call ?? state.label}${kind.call && kind.call !== state.label ? ` (${state.label})` : ""}, ${short(endOf(lane, at) - lane.starts[at])}`];
    if (kind.target) lines.push(depthOf(kind) ? kind.target : `for ${kind.target}`);
    if (site) lines.push(`${site[0]}:${site[1]} in ${site[2]}`);
    const code = site?.[3]?.trim();
    lines.push(`${lane.name}, from ${short(lane.starts[at])}`);
    return { head: lines[0], rest: lines.slice(1), code, words: [runName(row.run), ...lines, code].filter(Boolean).join(", ") };
  };

  const showTip = (row, lane, at, x, y) => {
    const tip = $("tip"), { head, rest, code } = told(row, lane, at);
    tip.replaceChildren(make("b", {}, head), ...rest.map((line) => make("div", {}, line)));
    if (code) tip.append(make("code", {}, code));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
    tip.style.top = `${y + 22 + box.height > innerHeight ? Math.max(8, y - box.height - 14) : y + 22}px`;
  };
  const hideTip = () => { $("tip").hidden = true; };

  const mark = () => {
    document.querySelectorAll(".mark").forEach((one) => one.remove());
    if (!selected) return;
    const { row, lane, at } = selected, index = row.shown?.indexOf(lane) ?? -1;
    if (index < 0 || row.stale) return;
    const width = row.chart.clientWidth, scale = scaleOf(width), edge = (us) => left(width) + (Math.min(Math.max(us, view.from), view.to) - view.from) * scale;
    const x = edge(lane.starts[at]), wide = Math.max(3, edge(endOf(lane, at)) - x);
    row.svg.append(draw("rect", { class: "mark", x: x - 1, y: index * (LANE + GAP) + 1, width: wide + 2, height: LANE - 1, rx: 2 }));
  };

  const select = (row, lane, at, { announce = true, reveal = true } = {}) => {
    selected = { row, lane, at };
    const from = lane.starts[at], to = endOf(lane, at), length = view.to - view.from;
    if (reveal && (to < view.from || from > view.to)) setView(from - length / 3, from - length / 3 + length);
    if (row.stale || !row.shown) drawRow(row);
    mark();
    const box = row.svg.getBoundingClientRect(), index = Math.max(0, row.shown.indexOf(lane));
    const x = box.left + left(box.width) + (Math.max(from, view.from) - view.from) * scaleOf(box.width);
    showTip(row, lane, at, x, box.top + index * (LANE + GAP));
    if (announce) $("live").textContent = told(row, lane, at).words;
  };

  const longestWait = (lane, like = () => true) => {
    let best = -1;
    lane.kind.forEach((kind, at) => {
      if (!states[kinds[kind].state].wait || !like(kinds[kind])) return;
      if (best < 0 || endOf(lane, at) - lane.starts[at] > endOf(lane, best) - lane.starts[best]) best = at;
    });
    return best;
  };

  const nextWait = (lane, at, step) => {
    for (let next = at + step; next >= 0 && next < lane.kind.length; next += step) if (stateOf(lane, next).wait) return next;
    return at;
  };

  // ---- moving about --------------------------------------------------------------------------------------------

  const setView = (from, to) => {
    const total = group.us, length = Math.min(Math.max(to - from, Math.min(total, Math.max(20, total / 20000))), total);
    const start = Math.min(Math.max(from, 0), total - length);
    view = { from: start, to: start + length };
    redraw();
  };
  const zoom = (factor, around = (view.from + view.to) / 2) =>
    setView(around - (around - view.from) * factor, around + (view.to - around) * factor);
  const move = (share) => setView(view.from + (view.to - view.from) * share, view.to + (view.to - view.from) * share);
  const moves = {
    left: () => move(-0.2), right: () => move(0.2), in: () => zoom(0.5), out: () => zoom(2), all: () => setView(0, group.us),
  };
  // Zooms around what is selected, if that is in sight.
  const centre = () => {
    if (!selected) return undefined;
    const middle = (selected.lane.starts[selected.at] + endOf(selected.lane, selected.at)) / 2;
    return middle > view.from && middle < view.to ? middle : undefined;
  };

  const onKey = (event, row) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = selected?.row === row ? selected : null, lanes = row.shown ?? [];
    const lane = here?.lane ?? lanes[0];
    if (!lane) return;
    const index = lanes.indexOf(lane), at = here?.at ?? 0;
    const to = (other) => {
      const next = lanes[Math.min(Math.max(index + other, 0), lanes.length - 1)];
      select(row, next, spanAt(next, Math.max(lane.starts[at], view.from)));
    };
    const keys = {
      ArrowLeft: moves.left, ArrowRight: moves.right, "+": () => zoom(0.5, centre()), "=": () => zoom(0.5, centre()),
      "-": () => zoom(2, centre()), 0: moves.all, Home: moves.all, ArrowUp: () => to(-1), ArrowDown: () => to(1),
      n: () => select(row, lane, nextWait(lane, at, 1)), p: () => select(row, lane, nextWait(lane, at, -1)),
      Enter: () => here && toFinding(row, lane, at), Escape: hideTip,
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };

  const hit = (row, event) => {
    const box = row.svg.getBoundingClientRect(), scale = scaleOf(box.width);
    const lane = row.shown?.[Math.floor((event.clientY - box.top) / (LANE + GAP))];
    const us = view.from + (event.clientX - box.left - left(box.width)) / scale;
    if (!lane || us < view.from - 3 / scale || us > lane.end + 3 / scale) return { us };
    const within = Math.min(Math.max(us, 0), lane.end - 1);
    // A thin wait is hard to point at: the longest within three pixels is meant.
    let best = spanAt(lane, within), most = stateOf(lane, best).wait ? Infinity : 0;
    for (let at = spanAt(lane, within - 3 / scale); at <= spanAt(lane, within + 3 / scale); at += 1) {
      const length = endOf(lane, at) - lane.starts[at];
      if (stateOf(lane, at).wait && length > most) [best, most] = [at, length];
    }
    return { us, lane, at: best };
  };

  const listen = (row) => {
    const { chart } = row;
    let held = null;
    chart.addEventListener("keydown", (event) => onKey(event, row));
    chart.addEventListener("focus", () => {
      if (selected?.row === row || held) return;
      drawRow(row);
      const lane = row.shown?.find((one) => longestWait(one) >= 0) ?? row.shown?.[0];
      if (lane) select(row, lane, Math.max(0, longestWait(lane)), { reveal: false });
    });
    chart.addEventListener("blur", () => { hideTip(); selected = null; mark(); });
    chart.addEventListener("pointermove", (event) => {
      if (held) {
        const us = (held.x - event.clientX) / scaleOf(row.svg.clientWidth || chart.clientWidth);
        held.moved ||= Math.abs(held.x - event.clientX) > 3;
        if (held.moved) setView(held.from + us, held.to + us);
        return;
      }
      const { lane, at } = hit(row, event);
      if (lane) showTip(row, lane, at, event.clientX, event.clientY); else hideTip();
    });
    chart.addEventListener("pointerleave", () => { if (!held) hideTip(); });
    chart.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      held = { x: event.clientX, ...view, moved: false };
      chart.setPointerCapture(event.pointerId);
    });
    chart.addEventListener("pointerup", (event) => {
      const { lane, at } = hit(row, event);
      if (held && !held.moved && lane) select(row, lane, at, { announce: false, reveal: false });
      held = null;
    });
    chart.addEventListener("pointercancel", () => { held = null; });
    chart.addEventListener("wheel", (event) => {
      const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const ours = event.ctrlKey || event.metaKey || document.activeElement === chart;
      if (!sideways && !ours) return; // the page scrolls
      event.preventDefault();
      if (sideways) move((event.deltaX || event.deltaY) / 1000);
      else zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 150), hit(row, event).us);
    }, { passive: false });
  };

  // ---- between lanes and findings ------------------------------------------------------------------------------

  const findings = [...document.querySelectorAll("#findings li")];
  const toFinding = (row, lane, at) => {
    const mine = findings.filter((one) => Number(one.dataset.run) === row.run.id), kind = kinds[lane.kind[at]];
    const alike = (one) => {
      const other = kinds[Number(one.dataset.kind)];
      return (other.state === kind.state) * 8 + (other.call === kind.call) * 4 + (other.site === kind.site) * 2
        + (other.target === kind.target) + (one.dataset.thread === lane.thread) * 0.5;
    };
    const best = mine.filter((one) => alike(one) >= 8).sort((a, b) => alike(b) - alike(a))[0];
    if (!best) {
      $("live").textContent = "No finding belongs to this.";
      return;
    }
    best.closest("details").open = true;
    best.focus();
    best.scrollIntoView({ block: "center" });
  };

  const showFinding = (item) => {
    const id = Number(item.dataset.run), kind = kinds[Number(item.dataset.kind)];
    const index = data.groups.findIndex((one) => one.runs.some((run) => run.id === id));
    if (data.groups[index] !== group) {
      document.querySelectorAll("input[name=workload]")[index].checked = true;
      setGroup(index);
    }
    if (hidden.delete(id)) layOut();
    const row = rows.get(id), like = (other) => other.state === kind.state && other.call === kind.call;
    const exact = (other) => like(other) && other.site === kind.site && other.target === kind.target;
    let found = null;
    for (const test of [exact, like]) {
      for (const lane of row.run.lanes) {
        const at = longestWait(lane, test), better = at >= 0 && (!found || (lane.thread === item.dataset.thread && found.lane.thread !== lane.thread));
        if (better) found = { lane, at };
      }
      if (found) break;
    }
    row.every = true;
    row.near = true;
    if (found) {
      const from = found.lane.starts[found.at], to = endOf(found.lane, found.at), pad = (to - from) * 1.5;
      setView(from - pad, to + pad);
      selected = { row, ...found };
    }
    row.chart.scrollIntoView({ block: "center", behavior: "instant" });
    row.chart.focus({ preventScroll: true });
    drawRow(row);
    if (found) select(row, found.lane, found.at, { reveal: false });
  };

  for (const item of findings) {
    const button = item.querySelector(".show");
    if (!states[kinds[Number(item.dataset.kind)].state].wait) continue;
    button.hidden = false;
    button.addEventListener("click", () => showFinding(item));
  }

  // ---- rows, and which of them show ----------------------------------------------------------------------------

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const row = [...rows.values()].find((one) => one.element === entry.target);
      if (!row) continue;
      row.near = entry.isIntersecting;
      if (row.near && row.stale) drawRow(row);
    }
  }, { rootMargin: "300px" });

  const waitsTable = (row) => {
    const waits = [];
    for (const lane of row.run.lanes) {
      lane.kind.forEach((kind, at) => { if (states[kinds[kind].state].wait) waits.push([endOf(lane, at) - lane.starts[at], lane, at]); });
    }
    waits.sort((a, b) => b[0] - a[0]);
    const table = make("table"), head = make("tr"), most = 200;
    for (const name of ["thread", "what", "for", "where", "from", "how long"]) head.append(make("th", { scope: "col" }, name));
    table.append(make("caption", {}, waits.length > most ? `The ${most} longest of ${waits.length} waits` : `${waits.length} waits, longest first`), head);
    for (const [us, lane, at] of waits.slice(0, most)) {
      const kind = kinds[lane.kind[at]], site = data.sites[kind.site], line = make("tr");
      const label = states[kind.state].label;
      for (const words of [lane.name, kind.call ? `${kind.call} (${label})` : label, kind.target ?? "", site ? `${site[0]}:${site[1]} in ${site[2]}` : "", short(lane.starts[at]), short(us)]) {
        line.append(make("td", {}, words));
      }
      table.append(line);
    }
    return table;
  };

  const addRow = (run) => {
    const element = make("article", { class: "row", "aria-label": runName(run) });
    const head = make("div", { class: "head" });
    const title = make("h3", {}, run.name);
    if (run.backend) title.append(" ", make("small", {}, `on ${run.backend}`));
    head.append(title, make("span", { class: "said" }, run.said));
    element.append(head);
    const row = { run, element, near: false, stale: true, every: false };
    if (run.lanes.length) {
      row.chart = make("div", {
        class: "chart", tabindex: "0", role: "application", "aria-roledescription": "timeline",
        "aria-label": `Lanes of ${runName(run)}: ${run.said}`, "aria-describedby": "keys",
      });
      row.svg = draw("svg", { "aria-hidden": "true" });
      row.chart.append(row.svg);
      element.append(row.chart);
      const height = Math.min(run.lanes.length, SHOWN + 1) * (LANE + GAP);
      row.svg.setAttribute("height", height);
      if (run.lanes.length > SHOWN + 1) {
        const count = run.lanes.reduce((sum, lane) => sum + 1 + lane.more, 0), button = make("button", { type: "button" }, `Show all ${count} threads`);
        button.addEventListener("click", () => { row.every = true; button.remove(); drawRow(row); });
        element.append(button);
      }
      const alt = make("details", { class: "alt" });
      alt.append(make("summary", {}, "Waits as a table"));
      alt.addEventListener("toggle", () => { if (alt.open && alt.children.length === 1) alt.append(waitsTable(row)); });
      element.append(alt);
      listen(row);
      rows.set(run.id, row);
      seen.observe(element);
    }
    $("rows").append(element);
  };

  const layOut = () => {
    seen.disconnect();
    rows.clear();
    selected = null;
    hideTip();
    $("rows").replaceChildren();
    const shown = group.runs.filter((run) => !hidden.has(run.id));
    shown.forEach(addRow);
    $("chosen").textContent = `${shown.length} of ${group.runs.length}`;
    document.querySelectorAll("#picks input").forEach((box) => { box.checked = !hidden.has(Number(box.value)); });
    redraw();
  };

  const setGroup = (index) => {
    group = data.groups[index];
    const cut = group.runs.filter((run) => run.lanes.some((lane) => lane.end > group.axis));
    $("title").textContent = `${group.title}. One time axis for all: ${short(group.axis)}.`
      + (cut.length ? ` Cut off there, and shown by “All”: ${cut.map((run) => `${runName(run)} (${short(run.lanes[0].end)})`).join(", ")}.` : "");
    $("picks").replaceChildren(...group.runs.map((run) => {
      const label = make("label"), box = make("input", { type: "checkbox", value: run.id });
      box.addEventListener("change", () => {
        if (box.checked) hidden.delete(run.id); else hidden.add(run.id);
        layOut();
      });
      label.append(box, runName(run));
      return label;
    }));
    view = { from: 0, to: group.axis };
    layOut();
  };

  document.querySelectorAll("input[name=workload]").forEach((input, index) => input.addEventListener("change", () => setGroup(index)));
  document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", moves[button.dataset.do]));
  document.querySelectorAll("[data-pick]").forEach((button) => button.addEventListener("click", () => {
    for (const run of group.runs) if (button.dataset.pick === "all") hidden.delete(run.id); else hidden.add(run.id);
    layOut();
  }));
  new ResizeObserver(redraw).observe($("rows"));
  addEventListener("beforeprint", () => {
    for (const row of rows.values()) drawRow(row);
    document.querySelectorAll("details.run").forEach((one) => { one.open = true; });
  });

  // ---- the table, and the page's colours -----------------------------------------------------------------------

  const body = document.querySelector("#table tbody");
  document.querySelectorAll("#table thead button").forEach((button) => button.addEventListener("click", () => {
    const header = button.parentElement, column = Number(button.dataset.column), numeric = header.classList.contains("n");
    const down = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    document.querySelectorAll("#table thead th").forEach((th) => th.setAttribute("aria-sort", "none"));
    header.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
    const value = (line) => line.children[column].dataset.value;
    const lines = [...body.children].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === "" || y === "") return (x === "") - (y === ""); // what was not measured comes last, either way
      return down * (numeric ? Number(x) - Number(y) : x.localeCompare(y, "en"));
    });
    body.append(...lines);
    $("live").textContent = `Sorted by ${button.textContent}, ${header.getAttribute("aria-sort")}.`;
  }));

  const themes = ["auto", "dark", "light"];
  $("theme").hidden = false;
  $("theme").addEventListener("click", () => {
    const now = themes[(themes.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % themes.length];
    document.documentElement.dataset.theme = now;
    $("theme").textContent = `Theme: ${now}`;
  });

  // A link to a run opens its findings, and gives them the keyboard.
  addEventListener("hashchange", () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target?.matches("details.run")) {
      target.open = true;
      target.querySelector("li")?.focus();
    }
  });

  if (data.groups.some((one) => one.us > 0)) {
    $("viewer").hidden = false;
    setGroup(0);
  }
  document.body.dataset.ready = "yes";
})();
