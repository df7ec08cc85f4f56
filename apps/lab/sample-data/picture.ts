import { crc32, deflateSync } from "node:zlib";

export type Colour = readonly [red: number, green: number, blue: number];

/** A PNG of points computed one by one (PNG, 3rd edition, 5 and 9): 8 bits a channel, no filter, no colour but these. */
export function drawPng(width: number, height: number, colourAt: (x: number, y: number) => Colour): Buffer {
  const lines = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) lines.set(colourAt(x, y), y * (1 + width * 3) + 1 + x * 3);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(lines)), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, content: Buffer): Buffer {
  const said = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const framed = Buffer.alloc(said.length + 8);
  framed.writeUInt32BE(content.length, 0);
  said.copy(framed, 4);
  framed.writeUInt32BE(crc32(said), framed.length - 4);
  return framed;
}
