/**
 * A script for Sphinx's search page: excerpts of pages leave out the words and numbers of figures.
 *
 * The sentence and the caption of a figure are in the search index, so that they lead to the page.
 * `searchtools.js` makes an excerpt from all text of a page, where a figure's numbers would follow one
 * another without sense.
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

// `searchtools.js` makes excerpts when it has fetched the pages, which is later than this event.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return; // the theme has a search of its own
  const whole = Search.htmlToText.bind(Search);
  Search.htmlToText = (html, anchor) => whole(withoutFigures(html), anchor);
});
