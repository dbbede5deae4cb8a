/**
 * On Sphinx's search page: the excerpts of pages leave out the words and numbers of figures.
 *
 * The sentence and the caption of a figure are in the search index, so that pages are found by them.
 * `searchtools.js` makes an excerpt of all text of the page that was found, and a figure's numbers
 * would run together in it.
 */

interface SphinxSearch {
  htmlToText(html: string, anchor?: string | null): string;
}

declare const Search: SphinxSearch;

function withoutFigures(html: string): string {
  const page = new DOMParser().parseFromString(html, "text/html");
  const inner = page.querySelectorAll(".attention-figure > :not(figcaption)");
  if (!inner.length) return html;
  for (const element of inner) element.remove();
  return page.documentElement.outerHTML;
}

// `searchtools.js` asks for excerpts after it has fetched the pages, which is later than this.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return; // the theme has a search of its own
  const whole = Search.htmlToText.bind(Search);
  Search.htmlToText = (html, anchor) => whole(withoutFigures(html), anchor);
});
