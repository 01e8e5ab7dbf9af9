/**
 * Regular expressions of tag filters, in the part of Go's syntax that people use for tags. They come
 * from the network, so they run in time linear in the tag (Thompson's construction): JavaScript's
 * own could be made to run for years.
 *
 * Understood: literals, `.`, classes, `\d \w \s` and their opposites, groups, `|`, `* + ?`, `^ $`.
 */

/** Instructions that a pattern may have; every character of a tag meets each of them once. */
const PROGRAM_MAX = 512;
/** How deep groups may be nested. */
const DEPTH_MAX = 32;

type Test = (character: string) => boolean;

type Instruction =
  | { readonly op: "test"; readonly test: Test }
  | { readonly op: "split"; a: number; b: number }
  | { readonly op: "jump"; to: number }
  | { readonly op: "begin" }
  | { readonly op: "end" }
  | { readonly op: "match" };

/** A pattern, or null if it is none or more than we understand. */
export function compilePattern(expression: string): ((text: string) => boolean) | null {
  const compiler = new Compiler(Array.from(expression));
  if (!compiler.compile()) return null;
  return (text) => finds(compiler.program, Array.from(text));
}

/** Whether the pattern is anywhere in the text. */
function finds(program: readonly Instruction[], text: readonly string[]): boolean {
  let threads = new Set<number>();
  for (let index = 0; index <= text.length; index += 1) {
    follow(program, { threads, from: 0, atStart: index === 0, atEnd: index === text.length });
    const next = new Set<number>();
    for (const thread of threads) {
      const instruction = program[thread]!;
      if (instruction.op === "match") return true;
      if (instruction.op !== "test" || index === text.length) continue;
      if (!instruction.test(text[index]!)) continue;
      const atEnd = index + 1 === text.length;
      follow(program, { threads: next, from: thread + 1, atStart: false, atEnd });
    }
    threads = next;
  }
  return false;
}

/** Adds a thread, and all that it comes to without another character. */
function follow(
  program: readonly Instruction[],
  at: { threads: Set<number>; from: number; atStart: boolean; atEnd: boolean },
): void {
  const waiting = [at.from];
  for (let thread = waiting.pop(); thread !== undefined; thread = waiting.pop()) {
    if (at.threads.has(thread)) continue;
    at.threads.add(thread);
    const instruction = program[thread]!;
    if (instruction.op === "jump") waiting.push(instruction.to);
    else if (instruction.op === "split") waiting.push(instruction.a, instruction.b);
    else if (instruction.op === "begin" && at.atStart) waiting.push(thread + 1);
    else if (instruction.op === "end" && at.atEnd) waiting.push(thread + 1);
  }
}

class Compiler {
  readonly program: Instruction[] = [];
  readonly #source: readonly string[];
  #at: number = 0;
  #depth: number = 0;

  constructor(source: readonly string[]) {
    this.#source = source;
  }

  compile(): boolean {
    if (this.#source.length > PROGRAM_MAX || !this.#alternatives()) return false;
    this.program.push({ op: "match" });
    return this.#at === this.#source.length && this.program.length <= PROGRAM_MAX;
  }

  #alternatives(): boolean {
    const jumps: { to: number }[] = [];
    for (;;) {
      const begin = this.program.length;
      if (!this.#sequence()) return false;
      if (this.#source[this.#at] !== "|") break;
      this.#at += 1;
      this.#insertSplit(begin, { first: begin + 1, second: this.program.length + 2 });
      const jump: Instruction = { op: "jump", to: -1 };
      this.program.push(jump);
      jumps.push(jump);
    }
    for (const jump of jumps) jump.to = this.program.length;
    return true;
  }

  #sequence(): boolean {
    while (this.#at < this.#source.length) {
      const next = this.#source[this.#at]!;
      if (next === "|" || next === ")") return true;
      const begin = this.program.length;
      if (!this.#atom(next) || !this.#repeat(begin)) return false;
      if (this.program.length > PROGRAM_MAX) return false;
    }
    return true;
  }

  #repeat(begin: number): boolean {
    const mark = this.#source[this.#at];
    if (mark === "{") return false; // counted repeats would multiply the program
    if (mark !== "*" && mark !== "+" && mark !== "?") return true;
    this.#at += 1;
    if (mark === "+") {
      this.program.push({ op: "split", a: begin, b: this.program.length + 1 });
    } else {
      const end = this.program.length + (mark === "*" ? 2 : 1);
      this.#insertSplit(begin, { first: begin + 1, second: end });
      if (mark === "*") this.program.push({ op: "jump", to: begin });
    }
    const again = this.#source[this.#at] ?? "";
    if (again === "?") this.#at += 1; // lazy: the same to somebody who asks only whether
    return !"*+{".includes(again) || again === "";
  }

  /** Puts a split before what was compiled from `at` on, whose targets move by one. */
  #insertSplit(at: number, { first, second }: { first: number; second: number }): void {
    for (const instruction of this.program.slice(at)) {
      if (instruction.op === "jump") instruction.to += 1;
      if (instruction.op !== "split") continue;
      instruction.a += 1;
      instruction.b += 1;
    }
    this.program.splice(at, 0, { op: "split", a: first, b: second });
  }

  #atom(next: string): boolean {
    this.#at += 1;
    switch (next) {
      case "(":
        return this.#group();
      case "[":
        return this.#class();
      case "\\":
        return this.#escape();
      case "^":
        return this.program.push({ op: "begin" }) > 0;
      case "$":
        return this.program.push({ op: "end" }) > 0;
      case ".":
        return this.#test((character) => character !== "\n");
      case "*":
      case "+":
      case "?":
      case "{":
        return false;
      default:
        return this.#test((character) => character === next);
    }
  }

  #group(): boolean {
    if (this.#source[this.#at] === "?") {
      if (this.#source[this.#at + 1] !== ":") return false; // flags and names
      this.#at += 2;
    }
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX || !this.#alternatives()) return false;
    this.#depth -= 1;
    this.#at += 1;
    return this.#source[this.#at - 1] === ")";
  }

  #escape(): boolean {
    const letter = this.#source[this.#at];
    const test = letter === undefined ? null : escaped(letter);
    this.#at += 1;
    return test !== null && this.#test(test);
  }

  #class(): boolean {
    const isNegated = this.#source[this.#at] === "^";
    if (isNegated) this.#at += 1;
    const tests: Test[] = [];
    while (this.#source[this.#at] !== "]" || tests.length === 0) {
      const test = this.#classItem();
      if (test === null) return false;
      tests.push(test);
    }
    this.#at += 1;
    return this.#test((character) => tests.some((test) => test(character)) !== isNegated);
  }

  #classItem(): Test | null {
    const first = this.#source[this.#at];
    if (first === undefined || (first === "[" && this.#source[this.#at + 1] === ":")) return null;
    this.#at += 1;
    if (first === "\\") {
      const letter = this.#source[this.#at];
      this.#at += 1;
      return letter === undefined ? null : escaped(letter);
    }
    const last = this.#source[this.#at + 1];
    if (this.#source[this.#at] !== "-" || last === undefined || last === "]") {
      return (character) => character === first;
    }
    if (last === "\\" || last < first) return null;
    this.#at += 2;
    return (character) => character >= first && character <= last;
  }

  #test(test: Test): boolean {
    this.program.push({ op: "test", test });
    return true;
  }
}

const DIGIT: Test = (character) => character >= "0" && character <= "9";
const SPACE: Test = (character) => "\t\n\f\r ".includes(character);
const WORD: Test = (character) =>
  DIGIT(character) ||
  character === "_" ||
  (character >= "a" && character <= "z") ||
  (character >= "A" && character <= "Z");

/** What stands behind a backslash; null for what has a meaning that we do not know. */
function escaped(letter: string): Test | null {
  switch (letter) {
    case "d":
      return DIGIT;
    case "D":
      return (character) => !DIGIT(character);
    case "s":
      return SPACE;
    case "S":
      return (character) => !SPACE(character);
    case "w":
      return WORD;
    case "W":
      return (character) => !WORD(character);
    default:
      return WORD(letter) ? null : (character) => character === letter;
  }
}
