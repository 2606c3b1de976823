// What TypeScript's DOM library lacks: the global scope of an AudioWorklet module
// (https://webaudio.github.io/web-audio-api/#audioworklet).

declare abstract class AudioWorkletProcessor {
  constructor(options?: AudioWorkletNodeOptions);
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

declare function registerProcessor(
  name: string,
  processor: new (options: AudioWorkletNodeOptions) => AudioWorkletProcessor,
): void;

/** Frames per second of the context. */
declare const sampleRate: number;
/** Time of the block that is processed, in seconds of the context. */
declare const currentTime: number;
