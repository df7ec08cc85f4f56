/**
 * Student's t and Fisher's F, by the regularised incomplete beta function (NIST DLMF 8.17). The libraries that carry them
 * bring two hundred packages or no types; the tests compare with published tables.
 */

/** P(T ≤ t) of Student's t with this many degrees of freedom (> 0). */
export function studentCumulative(t: number, degrees: number): number {
  const tail = 0.5 * incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
  return t >= 0 ? 1 - tail : tail;
}

/** The t below which a share `p` (0 < p < 1) of Student's t lies. Bisection: right to the last bits, a dozen µs. */
export function studentQuantile(p: number, degrees: number): number {
  if (!(p > 0 && p < 1) || !(degrees > 0)) throw new RangeError("A share between 0 and 1, and degrees above 0");
  if (p < 0.5) return -studentQuantile(1 - p, degrees);
  let low = 0;
  let high = 1;
  while (studentCumulative(high, degrees) < p) high *= 2;
  for (let step = 0; step < 200; step += 1) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (studentCumulative(middle, degrees) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(F > f): how likely so great a ratio of variances is by chance. */
export function fisherTail(f: number, numerator: number, denominator: number): number {
  if (!(f > 0)) return 1;
  if (f === Infinity) return 0;
  return incompleteBeta(denominator / (denominator + numerator * f), denominator / 2, numerator / 2);
}

/** Regularised incomplete beta I_x(a, b), by its continued fraction (DLMF 8.17.22), Lentz's way. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side of the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let sum = d;
  for (let m = 1; m <= 500; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    sum *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    sum *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * sum;
}

const away = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
const logBeta = (a: number, b: number) => logGamma(a) + logGamma(b) - logGamma(a + b);

/** ln Γ(x), x > 0: moved up to where Stirling's series (DLMF 5.11.1) is exact to a double. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 12) {
    shift += Math.log(z);
    z += 1;
  }
  const inverse = 1 / z;
  const square = inverse * inverse;
  const series =
    inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188)))));
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/** Φ(z): the share of a normal distribution below z, by the incomplete gamma function (DLMF 7.11.1). */
export function normalCumulative(z: number): number {
  const inside = incompleteGamma(z * z * 0.5, 0.5) / 2;
  return z < 0 ? 0.5 - inside : 0.5 + inside;
}

/** The value below which a share `p` of χ² with this many degrees of freedom lies. */
export function chiSquareQuantile(p: number, degrees: number): number {
  if (!(p > 0 && p < 1) || !(degrees > 0)) throw new RangeError("A share between 0 and 1, and degrees above 0");
  let [low, high] = [0, Math.max(degrees, 1)];
  while (incompleteGamma(high / 2, degrees / 2) < p) high *= 2;
  for (let step = 0; step < 200; step += 1) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (incompleteGamma(middle / 2, degrees / 2) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Regularised lower incomplete gamma P(a, x): its series below a + 1 (DLMF 8.7.1), its continued fraction above (8.9.2). */
function incompleteGamma(x: number, a: number): number {
  if (!(x > 0)) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let [term, sum] = [1 / a, 1 / a];
    for (let n = 1; n <= 1000 && term > sum * 1e-16; n += 1) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.min(front * sum, 1);
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / away(b);
  let sum = d;
  for (let n = 1; n <= 1000; n += 1) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / away(numerator * d + b);
    c = away(b + numerator / c);
    sum *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return 1 - front * sum;
}
