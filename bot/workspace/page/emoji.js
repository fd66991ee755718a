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

/** A sign in one of Slack's skin tones, 2 to 6, which colour only what is a part of somebody. */
export function toned(sign, tone) {
  if (!sign || !tone || !/^\p{Emoji_Modifier_Base}/u.test(sign)) return sign;
  return sign.replace("\uFE0F", "") + String.fromCodePoint(0x1f3fb + Number(tone) - 2);
}

export function emoji(name) {
  const [base, tone] = name.split("::skin-tone-");
  return toned(drawn[base], tone) || `:${name}:`;
}

export const withEmoji = (text) => text.replace(/:([a-z0-9_+'-]+):(?::skin-tone-([2-6]):)?/g, (all, name, tone) => toned(drawn[name], tone) || all);
