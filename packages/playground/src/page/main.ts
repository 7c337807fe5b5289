/** Starts the page. */
import { App } from "./app.ts";

const app = new App(document.getElementById("app") as HTMLElement);
void app.start();
