// Draw DiceBear's CC0 patterns and portraits as PNG files: node dicebear.mjs SOURCES OUT [COUNT-PER-STYLE]
// SOURCES holds node_modules/ with @dicebear/core, @dicebear/collection and @resvg/resvg-js. Existing files are kept.
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// All of these are CC0 1.0 by the packages' own licence files; other DiceBear styles are not.
const STYLES = { shapes: 60, rings: 40, glass: 40, pixelArt: 20, openPeeps: 20, lorelei: 20, notionists: 20 };
const SIDE = 512;

const [sources, out, count] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(sources, "node_modules", path)));
const { createAvatar } = await load("@dicebear/core/lib/index.js");
const collection = await load("@dicebear/collection/lib/index.js");
const { Resvg } = createRequire(join(sources, "node_modules", "x.js"))("@resvg/resvg-js");

mkdirSync(out, { recursive: true });
for (const [style, usual] of Object.entries(STYLES)) {
  for (let seed = 0; seed < Number(count ?? usual); seed++) {
    const path = join(out, `${style}-${String(seed).padStart(3, "0")}.png`);
    if (existsSync(path)) continue;
    const svg = createAvatar(collection[style], { seed: `${style} ${seed}`, size: SIDE }).toString();
    const png = new Resvg(svg, { fitTo: { mode: "width", value: SIDE } }).render().asPng();
    writeFileSync(`${path}.part`, png);
    renameSync(`${path}.part`, path);
  }
}
