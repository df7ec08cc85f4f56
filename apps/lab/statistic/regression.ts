export type Point = { readonly x: number; readonly y: number };

/** A straight line by least squares and what is needed to say how sure it is. */
export type Line = {
  readonly intercept: number;
  readonly slope: number;
};

/** Sums of one group of points about their own means: enough for every line model over several groups. */
export type Moments = {
  readonly n: number;
  readonly meanX: number;
  readonly meanY: number;
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
};

/** Deviations are summed about the means: sums of squares of the values themselves lose their last digits. */
export function momentsOf(points: readonly Point[]): Moments {
  const n = points.length;
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / n;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / n;
  let [xx, xy, yy] = [0, 0, 0];
  for (const { x, y } of points) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
    yy += (y - meanY) ** 2;
  }
  return { n, meanX, meanY, xx, xy, yy };
}

/** Line through one group; `residual` is the sum of squared residuals. Needs two different x. */
export function fitLine(moments: Moments): Line & { readonly residual: number } {
  if (!(moments.xx > 0)) throw new RangeError("A line needs values at two different times at least");
  const slope = moments.xy / moments.xx;
  return {
    slope,
    intercept: moments.meanY - slope * moments.meanX,
    residual: Math.max(0, moments.yy - slope * moments.xy),
  };
}
