/**
 * The cost of a process: wall time, processor time and peak memory, read from `/proc` while it
 * runs. Without `/proc`, only the wall time is known. The last tenth of a second is not measured;
 * processes of a sweep run for many seconds.
 */
import { readFileSync } from "node:fs";

/** Times in seconds and memory in mebibytes. */
export interface ProcessCost {
  readonly wall: number;
  readonly user: number;
  readonly system: number;
  readonly peak: number;
}

/** The clock of `/proc/PID/stat` in hertz, fixed by the kernel's interface. */
const TICKS = 100;
const INTERVAL = 100;

/** Measures a process until {@link stop}. */
export class CostMeter {
  /** The totals at the last lap. */
  readonly #told = { time: performance.now(), user: 0, system: 0 };
  readonly #timer: NodeJS.Timeout;
  #user = 0;
  #system = 0;
  #peak = 0;
  readonly #pid: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#sample(), INTERVAL);
  }

  /** The cost since the last lap, or since the start; the peak is that of all laps. */
  lap(): ProcessCost {
    this.#sample();
    const told = this.#told;
    const user = this.#user;
    const system = this.#system;
    const time = performance.now();
    const cost = {
      wall: (time - told.time) / 1000,
      user: user - told.user,
      system: system - told.system,
      peak: this.#peak,
    };
    Object.assign(told, { time, user, system });
    return cost;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    try {
      const stat = readFileSync(`/proc/${this.#pid}/stat`, "latin1");
      // The name in parentheses may contain anything, so fields are counted after it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      this.#user = Number(fields[11]) / TICKS;
      this.#system = Number(fields[12]) / TICKS;
      const status = readFileSync(`/proc/${this.#pid}/status`, "latin1");
      const peak = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
      if (peak !== undefined) this.#peak = Math.max(this.#peak, Number(peak) / 1024);
    } catch {
      // The process has ended, or there is no /proc.
    }
  }
}
