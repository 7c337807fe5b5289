/** ForwardingIo: the base of an EvalIo that changes some methods of another. */
import type { NarDigest } from "@nivis/formats";
import type {
  DetailMessage,
  DirectoryEntry,
  EvalIo,
  FileType,
  LogMessage,
  MemoryGauge,
} from "./io.ts";
import type { Fingerprint, OpenListing } from "./source-accessor.ts";

/** Forwards everything to another EvalIo. */
export abstract class ForwardingIo implements EvalIo {
  protected readonly io: EvalIo;

  constructor(io: EvalIo) {
    this.io = io;
  }

  get immutable(): boolean {
    return this.io.immutable === true;
  }

  fileType(path: string): FileType | undefined {
    return this.io.fileType(path);
  }

  isExecutable(path: string): boolean {
    return this.io.isExecutable(path);
  }

  readFile(path: string): string {
    return this.io.readFile(path);
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    return this.io.readDirectory(path);
  }

  /** None: an EvalIo that shows other entries than the one below must not pass its listings on. */
  openListing(_path: string): OpenListing | undefined {
    return undefined;
  }

  readLink(path: string): string {
    return this.io.readLink(path);
  }

  display(path: string): string {
    return this.io.display(path);
  }

  physicalPath(path: string): string | undefined {
    return this.io.physicalPath(path);
  }

  fingerprint(path: string): Fingerprint | undefined {
    return this.io.fingerprint?.(path);
  }

  narDigest(path: string): NarDigest | undefined {
    return this.io.narDigest?.(path);
  }

  checkAccess(path: string): void {
    this.io.checkAccess?.(path);
  }

  allowPath(path: string): void {
    this.io.allowPath?.(path);
  }

  refresh(): void {
    this.io.refresh?.();
  }

  homeDirectory(): string {
    return this.io.homeDirectory();
  }

  environment(name: string): string | undefined {
    return this.io.environment(name);
  }

  now(): number {
    return this.io.now();
  }

  milliseconds(): number {
    return this.io.milliseconds?.() ?? this.now() * 1000;
  }

  async pause(): Promise<void> {
    await this.io.pause?.();
  }

  get memory(): MemoryGauge | undefined {
    return this.io.memory;
  }

  currentDirectory(): string {
    return this.io.currentDirectory();
  }

  system(): string {
    return this.io.system();
  }

  log(message: LogMessage): void {
    this.io.log(message);
  }

  get detail(): ((message: DetailMessage) => void) | undefined {
    const { io } = this;
    return io.detail === undefined ? undefined : (message) => io.detail?.(message);
  }
}
