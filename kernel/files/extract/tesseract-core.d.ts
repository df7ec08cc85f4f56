/** The part of Tesseract's WebAssembly build that is used; the package brings no types. */
declare module "tesseract.js-core/tesseract-core-simd-lstm.js" {
  interface Engine {
    /** 0 where it started. */
    Init(dataPath: null, language: string, mode: number): number;
    /** Reads `/input`; 1 where it is no picture. */
    SetImageFile(exifOrientation: number, angle: number): number;
    Recognize(monitor: null): number;
    GetUTF8Text(): string;
    End(): void;
  }
  interface Core {
    readonly FS: { writeFile(path: string, content: Uint8Array): void };
    readonly TessBaseAPI: new () => Engine;
  }
  export default function createCore(options: { print: () => void; printErr: () => void }): Promise<Core>;
}
