/**
 * An anywidget that shows a figure. It puts the figure into the page itself, and not into the shadow
 * tree that the theme makes, so that the figure has the colours and the font of the page.
 */
const style = STYLE;
const script = SCRIPT;

function loadOnce() {
  if (document.getElementById("attention-style")) return;
  const sheet = document.createElement("style");
  sheet.id = "attention-style";
  sheet.textContent = style;
  const code = document.createElement("script");
  code.textContent = script;
  document.head.append(sheet, code);
}

function render({ model, el }) {
  loadOnce();
  // The theme renders a link without the attributes that our script needs.
  for (const span of document.querySelectorAll('[class*="attention-selects:"]')) {
    const link = span.querySelector("a");
    if (!link) continue;
    link.classList.add("attention-focus");
    link.dataset.selection = /attention-selects:(\S*)/.exec(span.className)[1];
  }
  const made = document.createElement("div");
  made.innerHTML = model.get("html");
  const root = el.getRootNode();
  const host = root instanceof ShadowRoot ? root.host : el;
  if (host === el) el.append(made);
  else {
    host.append(made);
    el.append(document.createElement("slot"));
  }
  // The theme changes pages without an event of the address, and a widget comes later than the page.
  const [id, selection] = location.hash.slice(1).split(/&(.*)/s);
  if (selection && document.getElementById(id)?.contains(host)) dispatchEvent(new Event("hashchange"));
  // The static picture stands in for the figure until now.
  const picture = host.closest("figure")?.querySelector(`img[src*="${model.get("picture")}"]`);
  if (picture) picture.style.display = "none";
  return () => {
    made.remove();
    if (picture) picture.style.display = "";
  };
}

export default { render };
