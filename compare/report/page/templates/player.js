"use strict";
// The player of recordings: a program's lines with a mark for each thread on the line where it stands, the lanes below
// with a cursor, and one clock for all that are shown. It draws from the JSON that each `.player` holds, and from
// nothing else; all text is set as text. Without a script the element stays hidden.
(() => {
  const SVG = "http://www.w3.org/2000/svg", LANE = 14, GAP = 4, LETTER = 6.2, MARKS = 8, ON_A_LINE = 3, PLAYS_S = 8, STEPS_S = 0.8;
  const SPEEDS = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
  const WORDS = {
    en: {
      play: "Play", pause: "Pause", back: "Previous change", next: "Next change", time: "Time", speed: "Speed",
      run: "Run", beside: "Beside it", none: "nothing", label: "Recording", code: "Code of", of: "of",
      keys: "In the code: Space plays and pauses, ← and → go to the previous and the next change, Home and End to the ends. A worker that runs a library's code is marked at the line that gave it the work.",
      coarse: (ms) => `What is shorter than ${ms} is told together.`, more: (n) => `${n} more threads are not shown.`,
      real: "real time", share: (n) => `1/${n} of real time`, sep: "; ", colon: ": ", missing: "Not seen: ",
      line: (n) => `, line ${n}`, elsewhere: (file, n) => ` at ${file}:${n}`, told: (time, all) => `At ${time} ${all}.`,
      loop: ["the loop's thread", "loops' threads"], main: ["the main thread", "main threads"],
      worker: ["worker", "workers"], other: ["thread", "threads"], queue: "the pool's queue",
      blocked: ["waits in", "wait in"], "page-fault": ["waits for memory to be read", "wait for memory to be read"],
      gil: ["waits for the GIL", "wait for the GIL"], lock: ["waits for a lock", "wait for a lock"],
      stopped: ["is stopped", "are stopped"], running: ["runs", "run"], poller: ["waits in its poller", "wait in their pollers"],
      idle: ["is idle", "are idle"], unseen: ["is not there, or not seen", "are not there, or not seen"],
      call: { blocked: ["waits in {call}", "wait in {call}"], poller: ["waits in {call}", "wait in {call}"] },
      inLoop: "In the event loop's own code:", beyond: "At no line of this code:",
      queued: (n) => `${n} queued`, empty: "nothing is queued", wait: ["waits", "wait"], joined: " ", many: (n, who) => `${n} ${who}`,
      ended: (time) => `ended after ${time}`,
    },
    zh: {
      play: "播放", pause: "暂停", back: "上一处变化", next: "下一处变化", time: "时间", speed: "速度",
      run: "运行", beside: "并排", none: "无", label: "录像", code: "代码：", of: "/",
      keys: "焦点在代码上时：空格播放或暂停，← 和 → 到上一处、下一处变化，Home 和 End 到两端。运行库代码的工作线程，标在把工作交给它的那一行。",
      coarse: (ms) => `短于 ${ms} 的时段合并显示。`, more: (n) => `另有 ${n} 个线程未显示。`,
      real: "实际速度", share: (n) => `实际速度的 1/${n}`, sep: "；", colon: "：", missing: "没有看到：",
      line: (n) => `，第 ${n} 行`, elsewhere: (file, n) => `，位于 ${file}:${n}`, told: (time, all) => `${time}：${all}。`,
      loop: ["循环线程", "循环线程"], main: ["主线程", "主线程"], worker: ["工作线程", "工作线程"], other: ["线程", "线程"],
      queue: "池的队列", blocked: ["在等待", "在等待"], "page-fault": ["等待读入内存页", "等待读入内存页"],
      gil: ["等待 GIL", "等待 GIL"], lock: ["等待锁", "等待锁"], stopped: ["被停住", "被停住"], running: ["在运行", "在运行"],
      poller: ["在轮询中等待", "在轮询中等待"], idle: ["空闲", "空闲"], unseen: ["不存在，或没有看到", "不存在，或没有看到"],
      call: { blocked: ["在 {call} 中等待", "在 {call} 中等待"], poller: ["在 {call} 中等待", "在 {call} 中等待"] },
      inLoop: "在事件循环自己的代码中：", beyond: "不在这段代码的任何一行：",
      queued: (n) => `${n} 件在排队`, empty: "没有排队的工作", wait: ["在等待", "在等待"], joined: "", many: (n, who) => `${n} 个${who}`,
      ended: (time) => `${time} 后已结束`,
    },
  };
  const ICONS = {
    play: "M4 2l9 6-9 6z", pause: "M4 2h3v12h-3zM9 2h3v12h-3z", back: "M3 2h2v12h-2zM13 2l-7 6 7 6z", next: "M11 2h2v12h-2zM3 2l7 6-7 6z",
  };
  // Chinese has a space between a Latin word or a number and its own characters, and nowhere else.
  const LATIN = /[\w)]$/;
  const LETTERS = { loop: "L", main: "M", worker: "", other: "T", "": "Q" };

  const make = (name, attributes = {}, ...inner) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inner);
    return element;
  };
  const draw = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const icon = (name) => {
    const drawn = draw("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" });
    drawn.append(draw("path", { d: ICONS[name], fill: "currentColor" }));
    return drawn;
  };
  const duration = (us) => {
    const ms = us / 1000;
    if (ms >= 9999.5) return `${(ms / 1000).toFixed(1)} s`;
    return ms >= 100 ? `${Math.round(ms)} ms` : `${Number(ms.toPrecision(3))} ms`;
  };
  const base = (path) => path.split("/").pop();

  // ---- what was recorded ---------------------------------------------------------------------------------------

  // Each thread gets the start of every stretch, so that a moment is found by halving.
  const opened = (recording, run) => {
    const counts = {};
    const threads = run.threads.map(({ role, name, title, spans }, number) => {
      const starts = [], kinds = [];
      let now = 0;
      for (let at = 0; at < spans.length; at += 2) {
        starts.push(now);
        kinds.push(spans[at + 1]);
        now += spans[at];
      }
      const count = counts[role] = (counts[role] ?? 0) + 1;
      const letter = LETTERS[role] + (role === "worker" || role === "other" || count > 1 ? count : "");
      return { role, name, title, number, letter, count, starts, kinds, end: now };
    });
    const kinds = run.kinds.map(([state, call, target, site]) => {
      const [file, line, inside] = run.sites[site] ?? [-1, 0, ""];
      return { state: recording.states[state][0], rank: state, wait: recording.states[state][3], call, target, file, line, inside };
    });
    return { ...run, threads, kinds, states: recording.states, files: recording.files, shown: run.files };
  };
  const indexAt = (thread, us) => {
    let low = 0, high = thread.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (thread.starts[middle] <= us) low = middle; else high = middle - 1;
    }
    return low;
  };
  const endOf = (thread, at) => (at + 1 < thread.starts.length ? thread.starts[at + 1] : thread.end);
  // A moment that says something before anybody has pressed a button: the middle of the longest wait at a line that is
  // shown, or else of the longest wait, of the longest stretch that has a line, or of any that was seen.
  const telling = (run) => {
    let best = 0, most = [-1, -1];
    for (const thread of run.threads) {
      if (!thread.role) continue;
      thread.kinds.forEach((number, at) => {
        const kind = run.kinds[number], us = endOf(thread, at) - thread.starts[at];
        const shown = kind.file >= 0 && run.files[kind.file].parts.length > 0;
        const says = kind.wait ? (shown ? 4 : 3) : kind.file >= 0 ? 2 : kind.state === "unseen" ? 0 : 1;
        if (says > most[0] || (says === most[0] && us > most[1])) [best, most] = [thread.starts[at] + us / 2, [says, us]];
      });
    }
    return best;
  };

  // ---- one run: its code, its threads in words, its lanes ------------------------------------------------------

  class Panel {
    constructor(run, words, total) {
      Object.assign(this, { run, words, total, shown: [], rows: new Map() });
      this.element = make("div", { class: "take", role: "group", "aria-label": run.name });
      const head = make("p", { class: "name" }, make("strong", {}, run.name));
      if (run.said) head.append(" ", make("span", { class: "faint" }, run.said));
      this.element.append(head);
      this.code = this.codePane();
      this.beyond = make("p", { class: "beyond", "aria-hidden": "true" });
      if (this.code) this.element.append(make("div", {}, this.code, this.beyond));
      this.now = make("ul", { class: "now" });
      this.lanes = draw("svg", { class: "lanes", "aria-hidden": "true" });
      this.element.append(this.now, this.lanes);
      const notes = [];
      if (run.grain_us) notes.push(words.coarse(duration(run.grain_us)));
      if (run.more) notes.push(words.more(run.more));
      if (run.missing.length) notes.push(words.missing + run.missing.join("; ") + ".");
      if (notes.length) this.element.append(make("p", { class: "faint" }, notes.join(" ")));
    }

    codePane() {
      const files = this.run.shown.map((number) => ({ ...this.run.files[number], number })).filter((file) => file.parts.length);
      if (!files.length) return null;
      const names = files.map((file) => base(file.name)).join(", ");
      const pane = make("div", { class: "code", tabindex: "0", role: "region", "aria-label": `${this.words.code}${this.words.joined}${names}` });
      const most = Math.min(this.run.threads.filter((thread) => thread.role).length, ON_A_LINE + 1);
      pane.style.setProperty("--gutter", `${most * 1.35 + 0.3}rem`);
      for (const file of files) {
        pane.append(make("div", { class: "file" }, file.name));
        file.parts.forEach(([first, text], part) => {
          if (part) pane.append(make("div", { class: "cut", "aria-hidden": "true" }, "⋯"));
          text.split("\n").forEach((line, at) => {
            const marks = make("span", { class: "marks", "aria-hidden": "true" });
            const code = make("code", {}, line || " "), hangs = /^ */.exec(line)[0].length + 4;
            code.style.paddingLeft = `${hangs}ch`; // a line that is too wide goes on below its own beginning
            code.style.textIndent = `-${hangs}ch`;
            const row = make("div", { class: "stand", "data-line": first + at }, marks, make("i", {}, String(first + at)), code);
            this.rows.set(`${file.number}:${first + at}`, { row, marks });
            pane.append(row);
          });
        });
      }
      return pane;
    }

    mark(thread) {
      return make("b", { class: `pin m${thread.number % MARKS}`, "data-thread": thread.number }, thread.letter);
    }

    // What each thread does at a moment; nothing is redrawn while no thread has gone on.
    show(us) {
      this.ended = us > this.run.us;
      const at = this.run.threads.map((thread) => (this.ended ? -1 : indexAt(thread, Math.min(us, thread.end - 1))));
      this.moveCursor(us);
      if (at.every((index, number) => index === this.shown[number])) return false;
      this.shown = at;
      const there = this.ended ? [] : this.run.threads;
      this.standing = there.map((thread, number) => ({ thread, kind: this.run.kinds[thread.kinds[at[number]]] }));
      this.showMarks();
      if (this.ended) this.now.replaceChildren(make("li", {}, this.told));
      else this.now.replaceChildren(...this.groups().map((group) => {
        const item = make("li", { class: `s-${group.kind.state}` });
        group.threads.slice(0, 12).forEach((thread) => item.append(this.mark(thread)));
        item.append(make("span", {}, this.sentence(group)));
        if (group.threads.length === 1 && group.kind.target && group.kind.state !== "queue") item.append(" ", make("span", { class: "faint" }, group.kind.target));
        return item;
      }));
      return true;
    }

    showMarks() {
      for (const { row, marks } of this.rows.values()) {
        if (marks.firstChild) marks.replaceChildren();
        row.className = "stand";
      }
      const lines = new Map();
      for (const each of this.standing) {
        const place = this.rows.get(`${each.kind.file}:${each.kind.line}`);
        if (place && each.thread.role) lines.set(place, [...(lines.get(place) ?? []), each]);
      }
      this.showBeyond();
      let first = null;
      for (const [{ row, marks }, there] of lines) {
        marks.append(...there.slice(0, ON_A_LINE).map(({ thread }) => this.mark(thread)));
        if (there.length > ON_A_LINE) marks.append(make("small", {}, `+${there.length - ON_A_LINE}`));
        const foremost = there.reduce((one, other) => (other.kind.rank < one.kind.rank ? other : one));
        row.className = `stand on on-${foremost.kind.state}`;
        const here = { row, rank: foremost.kind.rank, count: there.length };
        if (!first || here.rank < first.rank || (here.rank === first.rank && here.count > first.count)) first = here;
      }
      this.foremost = first?.row;
      this.bringIntoSight();
    }

    // Where a thread is at no line that is shown: a loop in its poller, a worker without work, a library's own code.
    showBeyond() {
      const seen = this.standing.filter(({ thread, kind }) => thread.role && kind.state !== "unseen" && !this.rows.has(`${kind.file}:${kind.line}`));
      const inLoop = seen.filter(({ thread, kind }) => kind.state === "poller" && thread.role === "loop");
      const told = [[this.words.inLoop, inLoop], [this.words.beyond, seen.filter((each) => !inLoop.includes(each))]];
      this.beyond.replaceChildren(...told.filter(([, there]) => there.length).map(([words, there]) =>
        make("span", {}, `${words}${this.words.joined}`, ...there.map(({ thread }) => this.mark(thread)))));
    }

    // Within the pane alone: the page does not move.
    bringIntoSight() {
      const { code, foremost: row } = this;
      if (!row) return;
      const top = row.offsetTop, edge = 2 * row.offsetHeight;
      if (top < code.scrollTop + edge || top + edge > code.scrollTop + code.clientHeight) code.scrollTop = top - code.clientHeight / 2;
    }

    // Threads that do the same at the same line are told together.
    groups() {
      const found = new Map();
      for (const { thread, kind } of this.standing) {
        const key = thread.role ? [thread.role, kind.state, kind.call, kind.file, kind.line].join() : `queue ${thread.number}`;
        if (!found.has(key)) found.set(key, { kind, threads: [] });
        found.get(key).threads.push(thread);
      }
      return [...found.values()];
    }

    sentence({ kind, threads }) {
      const { words } = this, [thread] = threads, several = threads.length > 1 ? 1 : 0;
      if (!thread.role) return `${words.queue}${words.colon}${kind.state === "queue" ? words.queued(/^\d+/.exec(kind.target ?? "")?.[0] ?? 1) : words.empty}`;
      let who = words[thread.role][several];
      if (several) who = words.many(threads.length, who);
      else if (thread.role === "worker" || thread.count > 1) who += ` ${thread.count}`;
      else if (thread.role === "other") who += ` ${thread.name}`;
      const by = kind.call ? words.call[kind.state] : kind.state === "blocked" ? words.wait : null;
      const does = (by ?? words[kind.state])[several].replace("{call}", kind.call);
      const file = this.run.files[kind.file];
      const where = !file ? "" : this.rows.has(`${kind.file}:${kind.line}`) ? words.line(kind.line) : words.elsewhere(base(file.name), kind.line);
      return `${who}${words.joined || (LATIN.test(who) ? " " : "")}${does}${where}`;
    }

    get told() { return this.ended ? this.words.ended(duration(this.run.us)) : this.groups().map((group) => this.sentence(group)).join(this.words.sep); }

    // ---- lanes -------------------------------------------------------------------------------------------------

    // behind the longest name, if that leaves the lanes two thirds
    get left() { return this.width < 420 ? 34 : Math.max(150, Math.min(this.longest * LETTER + 40, this.width / 3)); }
    get longest() { return Math.max(...this.run.threads.map(({ title }) => title.length)); }
    x(us) { return this.left + (us / this.total) * (this.width - this.left - 6); }
    us(x) { return Math.min(Math.max((x - this.left) / (this.width - this.left - 6), 0), 1) * this.total; }

    drawLanes() {
      const { lanes, run } = this;
      this.width = lanes.parentElement.clientWidth;
      if (!this.width) return;
      const height = run.threads.length * (LANE + GAP) + 4;
      lanes.replaceChildren();
      lanes.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
      lanes.setAttribute("height", height);
      run.threads.forEach((thread, number) => this.drawLane(thread, 2 + number * (LANE + GAP)));
      this.cursor = draw("path", { class: "cursor", d: `M0 0v${height}` });
      lanes.append(this.cursor);
    }

    drawLane(thread, y) {
      const paths = new Map();
      thread.kinds.forEach((number, at) => {
        const [state, height, texture, wait] = this.run.states[this.run.kinds[number].rank];
        const x = this.x(thread.starts[at]), wide = Math.max(this.x(endOf(thread, at)) - x - (wait ? 0.5 : 0), wait ? 1.2 : 0.1);
        const high = height * LANE, top = texture === "line" ? y + (LANE - high) / 2 : y + LANE - high;
        paths.set(state, `${paths.get(state) ?? ""}M${x.toFixed(1)} ${top.toFixed(1)}h${wide.toFixed(1)}v${high.toFixed(1)}h${(-wide).toFixed(1)}z`);
      });
      for (const [state, d] of paths) this.lanes.append(draw("path", { class: `s-${state}`, d }));
      this.lanes.append(draw("rect", { class: `m${thread.number % MARKS}`, x: 0, y, width: 26, height: LANE, rx: 3 }));
      const letter = draw("text", { x: 13, y: y + LANE - 3.5, class: "letter", "text-anchor": "middle" });
      letter.textContent = thread.letter;
      const name = draw("text", { x: 32, y: y + LANE - 3 });
      const room = Math.floor((this.left - 40) / LETTER);
      name.textContent = room < 6 ? "" : thread.title.length > room ? `${thread.title.slice(0, room - 1)}…` : thread.title;
      this.lanes.append(letter, name);
    }

    moveCursor(us) { this.cursor?.setAttribute("transform", `translate(${this.x(Math.min(us, this.total)).toFixed(1)})`); }
  }

  // ---- one clock for all that are shown ------------------------------------------------------------------------

  class Player {
    constructor(root) {
      this.root = root;
      const language = root.closest("[lang]")?.lang ?? "en";
      this.words = language.startsWith("zh") ? WORDS.zh : WORDS.en;
      const { recordings, choose } = JSON.parse(root.querySelector("script").textContent);
      this.runs = recordings.flatMap((recording) => recording.runs.map((run) => opened(recording, run)));
      this.still = matchMedia("(prefers-reduced-motion: reduce)");
      this.panels = make("div", { class: "takes" });
      root.setAttribute("role", "group");
      root.setAttribute("aria-label", this.words.label);
      root.append(...(choose && this.runs.length > 1 ? [this.choices()] : []), this.controls(), this.panels);
      this.live = make("p", { class: "live", "aria-live": "polite" });
      root.append(this.live, make("p", { class: "faint keys" }, this.words.keys));
      root.hidden = false;
      root.parentElement.querySelectorAll(":scope > .player-still").forEach((still) => { still.hidden = true; });
      this.open(choose ? this.runs.slice(0, 1) : this.runs);
      new ResizeObserver(() => this.layOut()).observe(this.panels);
      root.addEventListener("keydown", (event) => this.onKey(event));
      root.dataset.ready = "yes";
    }

    choices() {
      const box = make("p", { class: "choices" });
      const choice = (words, none) => {
        const select = make("select");
        if (none) select.append(make("option", { value: "" }, this.words.none));
        this.runs.forEach((run, at) => select.append(make("option", { value: at }, run.short ? `${run.name}, ${run.short}` : run.name)));
        select.addEventListener("change", () => this.open([...new Set([first.value, second.value])].filter((value) => value !== "").map((value) => this.runs[value])));
        box.append(make("label", {}, `${words} `, select), " ");
        return select;
      };
      const first = choice(this.words.run, false), second = choice(this.words.beside, true);
      return box;
    }

    controls() {
      const button = (label, name, act) => {
        const made = make("button", { type: "button", "aria-label": label, title: label }, icon(name));
        made.addEventListener("click", act);
        return made;
      };
      this.button = button(this.words.play, "play", () => (this.playing ? this.pause() : this.play()));
      this.button.className = "play";
      this.range = make("input", { type: "range", min: 0, max: 1000, step: "any", "aria-label": this.words.time });
      this.range.addEventListener("input", () => { this.stop(); this.go(Number(this.range.value)); this.tellSoon(); });
      this.clock = make("output", { class: "clock" });
      this.speed = make("select", { "aria-label": this.words.speed });
      const steps = [button(this.words.back, "back", () => this.step(-1)), button(this.words.next, "next", () => this.step(1))];
      return make("div", { class: "controls" }, this.button, ...steps, this.range, this.clock, this.speed);
    }

    open(runs) {
      this.stop();
      this.total = Math.max(...runs.map((run) => run.us), 1);
      this.range.max = this.total;
      const fits = SPEEDS.find((speed) => this.total / 1e6 / speed >= PLAYS_S) ?? SPEEDS[SPEEDS.length - 1];
      this.speed.replaceChildren(...SPEEDS.map((speed) => {
        const option = make("option", { value: speed }, speed === 1 ? this.words.real : this.words.share(Math.round(1 / speed)));
        option.selected = speed === fits;
        return option;
      }));
      this.shown = runs.map((run) => new Panel(run, this.words, this.total));
      this.panels.replaceChildren(...this.shown.map((panel) => panel.element));
      this.panels.classList.toggle("several", runs.length > 1);
      const starts = runs.flatMap((run) => run.threads.flatMap((thread) => thread.starts));
      this.changes = [...new Set([0, ...starts, this.total])].sort((one, other) => one - other);
      for (const panel of this.shown) {
        panel.lanes.addEventListener("pointerdown", (event) => { panel.lanes.setPointerCapture(event.pointerId); this.point(panel, event); });
        panel.lanes.addEventListener("pointermove", (event) => { if (event.buttons) this.point(panel, event); });
      }
      this.fresh = true;
      this.layOut();
      this.go(Math.round(telling(runs.reduce((one, other) => (other.us < one.us ? other : one)))));
    }

    point(panel, event) {
      this.stop();
      this.go(panel.us(event.clientX - panel.lanes.getBoundingClientRect().left));
      this.tellSoon();
    }

    layOut() {
      for (const panel of this.shown) { panel.drawLanes(); panel.moveCursor(this.at ?? 0); panel.bringIntoSight(); }
    }

    go(us) {
      this.at = Math.min(Math.max(us, 0), this.total);
      for (const panel of this.shown) panel.show(this.at);
      this.range.value = this.at;
      this.range.setAttribute("aria-valuetext", duration(this.at));
      this.clock.textContent = `${duration(this.at)} ${this.words.of} ${duration(this.total)}`;
      this.root.dataset.at = String(Math.round(this.at));
    }

    step(by) {
      this.stop();
      this.fresh = false;
      const next = by > 0 ? this.changes.find((us) => us > this.at) : this.changes.findLast((us) => us < this.at);
      this.go(next ?? this.at);
      this.tell();
    }

    play() {
      if (this.fresh || this.at >= this.total) this.go(0);
      this.fresh = false;
      this.playing = true;
      this.face();
      this.live.textContent = "";
      let before = performance.now(), waited = 0;
      const frame = (now) => {
        if (!this.playing) return;
        const passed = (now - before) / 1000;
        before = now;
        waited += passed;
        // With reduced motion it goes from change to change instead of gliding.
        if (!this.still.matches) this.go(this.at + passed * 1e6 * Number(this.speed.value));
        else if (waited >= STEPS_S) {
          const least = this.at + waited * 1e6 * Number(this.speed.value);
          this.go(this.changes.find((us) => us >= least) ?? this.total);
          waited = 0;
        }
        if (this.at >= this.total) this.pause(); else requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    }

    stop() { this.playing = false; this.face(); }
    pause() { this.stop(); this.tell(); }
    face() {
      const name = this.playing ? "pause" : "play", label = this.words[name];
      this.button.replaceChildren(icon(name));
      this.button.setAttribute("aria-label", label);
      this.button.title = label;
      this.root.dataset.playing = this.playing ? "yes" : "no";
    }

    tell() {
      clearTimeout(this.soon);
      const several = this.shown.length > 1;
      const all = this.shown.map((panel) => (several ? panel.run.name + this.words.colon : "") + panel.told).join(this.words.sep);
      this.live.textContent = this.words.told(duration(this.at), all);
    }
    tellSoon() { clearTimeout(this.soon); this.soon = setTimeout(() => this.tell(), 400); this.fresh = false; }

    onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || !event.target.matches(".code")) return;
      const keys = {
        " ": () => (this.playing ? this.pause() : this.play()), ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1),
        Home: () => { this.stop(); this.go(0); this.tell(); }, End: () => { this.stop(); this.go(this.total); this.tell(); },
      };
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    }
  }

  for (const root of document.querySelectorAll(".player")) new Player(root);
})();
