/** The thread that fetches for an evaluation that waits; `blocking-fetcher.ts` starts it. */
import { isMainThread, workerData } from "node:worker_threads";
import { ThreadPort, type ThreadStart } from "../../threads/blocking-thread.ts";
import { FlakeSession } from "../flake-session.ts";
import { FetchProgress } from "./fetch-progress.ts";
import { FetchServer } from "./fetch-server.ts";
import {
  type FetchMessage,
  type FetchQuestion,
  type FetchReply,
  type FetchStart,
  failureMessage,
} from "./requests.ts";

/** What the thread is started with. */
interface WorkerStart extends ThreadStart {
  readonly start: FetchStart;
  readonly showsProgress: boolean;
}

function serve(data: WorkerStart): void {
  const port = new ThreadPort<FetchQuestion, FetchMessage>(data);
  const progress = data.showsProgress
    ? new FetchProgress((text) => port.post({ show: "progress", text }))
    : undefined;
  let server: FetchServer | undefined;
  const open = (): FetchServer => {
    const session = new FlakeSession({
      ...data.start,
      warn: (text) => port.post({ show: "warning", text }),
      notice: (text) => port.post({ show: "notice", text }),
      ...(progress === undefined
        ? {}
        : {
            begin: (message: string) => progress.begin(message),
            progress: (url: string, done: number, total: number | undefined) =>
              progress.update(url, done, total),
          }),
    });
    return new FetchServer(session);
  };
  const answer = async (question: FetchQuestion): Promise<FetchReply> => {
    try {
      server ??= open();
      return { value: await server.answer(question) };
    } catch (error) {
      return { failure: failureMessage(error) };
    } finally {
      progress?.clear();
    }
  };
  port.onMessage((question) => {
    // In a thread this ends the thread alone.
    if (question.ask === "stop") process.exit();
    void answer(question).then((reply) => port.post(reply));
  });
}

if (!isMainThread) serve(workerData as WorkerStart);
