// Draw portraits in DiceBear's style Open Peeps (CC0 1.0): node portraits.mjs SOURCES SIDE
// Reads seeds, one a line, and answers each with SIDE x SIDE RGBA pixels, in one process for all: it takes long to
// start. SOURCES holds node_modules/ with @dicebear/core, @dicebear/collection and @resvg/resvg-js.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [sources, side] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(sources, "node_modules", path)));
const { createAvatar } = await load("@dicebear/core/lib/index.js");
const { openPeeps } = await load("@dicebear/collection/lib/index.js");
const { Resvg } = createRequire(join(sources, "node_modules", "x.js"))("@resvg/resvg-js");

const licence = openPeeps.meta?.license?.name ?? "none";
if (!licence.startsWith("CC0")) throw new Error(`The licence of Open Peeps is ${licence} here, not CC0: not drawn.`);

// Hair in one colour is black in most of these; heads with a coloured part come twice.
const COLOURED = ["bangs", "cornrows", "grayBun", "grayMedium", "grayShort", "hatBeanie", "hijab", "mediumBangs2",
  "mohawk", "noHair3", "short4", "turban"];
// Cut off by the frame, or no human's.
const LEFT_OUT = ["bear", "bun", "bun2", "longAfro", "longCurly", "mohawk2", "cyclops", "monster", "eyepatch",
  "moustache3", "moustache8"];
const all = (part) => openPeeps.schema.properties[part].items.enum.filter((name) => !LEFT_OUT.includes(name));

const OPTIONS = {
  head: [...all("head"), ...COLOURED],
  face: all("face"),
  accessories: all("accessories"),
  accessoriesProbability: 12,
  facialHair: all("facialHair"),
  facialHairProbability: 6,
  maskProbability: 0,
  backgroundColor: ["b6e3f4", "c0aede", "d1d4f9", "ffd5dc", "ffdfbf", "c8ecd0", "fff1c9"],
  // The faces look to the right of the middle, with room to spare.
  scale: 118,
  translateX: -8,
  translateY: 3,
};

for await (const seed of createInterface({ input: process.stdin })) {
  const svg = createAvatar(openPeeps, { ...OPTIONS, seed }).toString();
  process.stdout.write(new Resvg(svg, { fitTo: { mode: "width", value: Number(side) } }).render().pixels);
}
