// A sheet of digits in the theme's ink: one picture, which its root's styles know as --sheet.

function openInk(root) {
  const state = { picture: "", ink: "", url: "", turn: 0 };

  // Resolves when the picture can be seen: true, or false if another call has overtaken this one.
  const show = async (base64) => {
    const turn = ++state.turn;
    const ink = getComputedStyle(root).color; // the theme's; it changes when the theme does
    if (base64 === state.picture && ink === state.ink) return true;
    const url = base64 ? await inkPicture(base64, ink) : "";
    if (turn !== state.turn) {
      URL.revokeObjectURL(url);
      return false;
    }
    URL.revokeObjectURL(state.url);
    Object.assign(state, { picture: base64, ink, url });
    root.style.setProperty("--sheet", url ? `url("${url}")` : "none");
    return true;
  };

  const close = () => {
    state.turn += 1;
    URL.revokeObjectURL(state.url);
  };
  return { show, close };
}

// The data are white on black. Here white becomes the theme's ink and black lets the paper through.
async function inkPicture(base64, ink) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = ink;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  context.drawImage(picture, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < pixels.data.length; i += 4) pixels.data.set([red, green, blue, pixels.data[i]], i);
  context.putImageData(pixels, 0, 0);
  const url = URL.createObjectURL(await new Promise((resolve) => canvas.toBlob(resolve)));
  const ready = new Image();
  ready.src = url;
  await ready.decode();
  return url;
}
