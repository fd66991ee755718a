// The starter app with Bolt for JavaScript: `node app.js` with the tokens in the environment.
import bolt from "@slack/bolt";
import { registerListeners } from "./listeners/index.js";

const { SLACK_BOT_TOKEN: token, SLACK_APP_TOKEN: appToken, SLACK_API_URL: slackApiUrl = "https://slack.com/api/" } = process.env;
const app = new bolt.App({ token, appToken, socketMode: true, clientOptions: { slackApiUrl } });
registerListeners(app);

await app.start();
