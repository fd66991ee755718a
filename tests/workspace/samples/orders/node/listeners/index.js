import { registerActions } from "./actions.js";
import { registerEntries } from "./entries.js";
import { registerViews } from "./views.js";

export function registerListeners(app) {
  registerEntries(app);
  registerActions(app);
  registerViews(app);
}
