// Takes a picture that is pasted anywhere on the page, and hands it over; words and other files are left alone.

const MOST_BYTES = 10_000_000; // a message to the server takes no more than some tens of megabytes
const listening = new WeakMap(); // the component's root -> its listener

export default function (component) {
  const { parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".paste");
  const stop = () => {
    document.removeEventListener("paste", listening.get(root));
    listening.delete(root);
  };
  if (listening.has(root)) stop();
  const take = async (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (!files.length) return;
    event.preventDefault();
    if (files[0].size > MOST_BYTES) {
      setTriggerValue("refused", files[0].size);
      return;
    }
    const bytes = new Uint8Array(await files[0].arrayBuffer());
    const letters = [];
    for (let at = 0; at < bytes.length; at += 8192) letters.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
    setTriggerValue("pasted", btoa(letters.join("")));
  };
  listening.set(root, take);
  document.addEventListener("paste", take);
  root.dataset.listening = "";
  return stop;
}
