/** Which of the agent's pictures is big: a shared screen is to be read, so the face makes room. */

export interface Shown { readonly isScreen: boolean }

/** Of the views in the order in which they came; a renewed one comes after the one it replaces. */
export function arrange<V extends Shown>(views: readonly V[]): { main?: V; small?: V } {
  const screen = views.filter(v => v.isScreen).at(-1);
  const camera = views.filter(v => !v.isScreen).at(-1);
  return screen ? { main: screen, small: camera } : { main: camera };
}
