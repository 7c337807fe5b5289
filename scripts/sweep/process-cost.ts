/**
 * What a process costs: wall time, processor time and peak memory, read from `/proc` while it runs.
 * Where there is no `/proc`, only the wall time is known. What the last tenth of a second took is
 * not seen; processes of a sweep run for many seconds.
 */
import { readFileSync } from "node:fs";

/** Seconds and mebibytes. */
export interface ProcessCost {
  readonly wall: number;
  readonly user: number;
  readonly system: number;
  readonly peak: number;
}

/** The clock of `/proc/PID/stat`, in hertz: fixed by the kernel's interface. */
const TICKS = 100;
const INTERVAL = 100;

/** Watches a process until {@link stop}. */
export class CostMeter {
  /** What was told already. */
  private readonly told = { time: performance.now(), user: 0, system: 0 };
  private readonly timer: NodeJS.Timeout;
  private user = 0;
  private system = 0;
  private peak = 0;

  constructor(private readonly pid: number) {
    this.timer = setInterval(() => this.sample(), INTERVAL);
  }

  /** The cost since the last lap, or the beginning; the peak is that of all laps until now. */
  lap(): ProcessCost {
    this.sample();
    const { told, user, system, peak } = this;
    const time = performance.now();
    const cost = {
      wall: (time - told.time) / 1000,
      user: user - told.user,
      system: system - told.system,
      peak,
    };
    Object.assign(told, { time, user, system });
    return cost;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sample(): void {
    try {
      const stat = readFileSync(`/proc/${this.pid}/stat`, "latin1");
      // The name in parentheses may contain anything, so fields are counted behind it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      this.user = Number(fields[11]) / TICKS;
      this.system = Number(fields[12]) / TICKS;
      const status = readFileSync(`/proc/${this.pid}/status`, "latin1");
      const peak = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
      if (peak !== undefined) this.peak = Math.max(this.peak, Number(peak) / 1024);
    } catch {
      // It has ended, or there is no /proc.
    }
  }
}
