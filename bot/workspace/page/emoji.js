// The emoji names that bots use most; any other name is shown as :name:.
const NAMES = {
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", eyes: "👀", white_check_mark: "✅", heavy_check_mark: "✔️",
  x: "❌", warning: "⚠️", tada: "🎉", heart: "❤️", rocket: "🚀", bulb: "💡", hourglass: "⌛", hourglass_flowing_sand: "⏳",
  page_facing_up: "📄", page_with_curl: "📃", books: "📚", book: "📖", open_file_folder: "📂", file_folder: "📁",
  paperclip: "📎", mag: "🔍", mag_right: "🔎", lock: "🔒", key: "🔑", wastebasket: "🗑️", no_entry: "⛔",
  no_entry_sign: "🚫", question: "❓", grey_question: "❔", exclamation: "❗", information_source: "ℹ️", robot_face: "🤖",
  wave: "👋", pray: "🙏", clap: "👏", smile: "😄", slightly_smiling_face: "🙂", thinking_face: "🤔", sweat_smile: "😅",
  joy: "😂", sob: "😭", fire: "🔥", star: "⭐", sparkles: "✨", zap: "⚡", memo: "📝", pencil2: "✏️", bookmark: "🔖",
  link: "🔗", arrow_right: "➡️", arrow_down: "⬇️", repeat: "🔁", arrows_counterclockwise: "🔄", stop_sign: "🛑",
  octagonal_sign: "🛑", speech_balloon: "💬", house: "🏠", clipboard: "📋", bar_chart: "📊", gear: "⚙️", ok_hand: "👌",
  raised_hands: "🙌", 100: "💯", bell: "🔔", pushpin: "📌", calendar: "📅", email: "📧", computer: "💻", brain: "🧠",
};
export const QUICK = ["+1", "-1", "white_check_mark", "eyes", "tada", "heart"];

/** Whether this machine's fonts hold emoji: drawn, one must differ from a character that does not exist. */
function hasEmoji() {
  const draw = (text) => {
    const context = Object.assign(document.createElement("canvas"), { width: 24, height: 24 }).getContext("2d");
    context.font = "16px system-ui, sans-serif";
    context.fillText(text, 2, 18);
    return context.getImageData(0, 0, 24, 24).data.join();
  };
  return draw("👀") !== draw("\u{10FFFD}") && draw("👀") !== draw("🎉");
}

const drawn = hasEmoji() ? NAMES : {};
export const emoji = (name) => drawn[name.split("::")[0]] || `:${name}:`;
export const withEmoji = (text) => text.replace(/:([a-z0-9_+'-]+):/g, (all, name) => drawn[name] || all);
