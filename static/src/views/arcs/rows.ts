/** The heights of the parts of two rows, in px. */

import { key_line, key_number, key_squares, rows_apart } from "../../../../sphinx_attention/core/render/arcs/constants.json";

/** The upper row: the ends of edges, the baseline of the weights, the tops of squares and of hit areas. */
export const ROW_ABOVE = { end: key_line, number: key_number, squares: key_squares, top: 6 };
/** The ends of edges at the lower row. */
export const ROW_BELOW = key_line + rows_apart;
