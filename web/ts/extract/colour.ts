// How well words of one colour show on another. Mirrors internal/extract/colour.go.

const shifts = [0, 8, 16];

// luminance is how bright a colour 0xRRGGBB is, 0 to 1.
function luminance(rgb: number): number {
  const [b, g, r] = shifts.map((s) => {
    const v = ((rgb >> s) & 255) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: number, b: number): number {
  const [x, y] = [luminance(a) + 0.05, luminance(b) + 0.05];
  return Math.max(x, y) / Math.min(x, y);
}

// near tells whether two colours differ little in each part: red on green of the same
// brightness can be read, and their contrast is low.
const near = (a: number, b: number, most: number) => shifts.every((s) => Math.abs(((a >> s) & 255) - ((b >> s) & 255)) <= most);

// same tells whether words in one colour cannot be seen on the other; faint, whether they
// hardly show.
export const same = (a: number, b: number) => near(a, b, 24) && contrast(a, b) < 1.08;
export const faint = (a: number, b: number) => near(a, b, 96) && contrast(a, b) < 1.6;

// blend is a colour of the given opacity over another.
export const blend = (over: number, under: number, alpha: number) =>
  shifts.reduce((out, s) => out | (Math.round(((over >> s) & 255) * alpha + ((under >> s) & 255) * (1 - alpha)) << s), 0);
