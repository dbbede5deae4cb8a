import { type Dispatch, type Model, type View, type ViewKind } from "../shared";
export const view: ViewKind = { open };
function open(_root: HTMLElement, _model: Model, _dispatch: Dispatch): View {
  return { tokens: [], vector: false, show() {} };
}
