// Completes the address with what the page chose by itself, without a step in the browser's history: such a step would
// take one Back that changes nothing.

export default function ({ data }) {
  const address = new URL(window.location.href);
  for (const [name, text] of Object.entries(data.parts)) address.searchParams.set(name, text);
  if (address.href !== window.location.href) window.history.replaceState(window.history.state, "", address);
}
