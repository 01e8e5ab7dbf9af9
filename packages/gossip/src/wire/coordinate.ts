/** Network coordinates of serf (Vivaldi), in the payload of an acknowledgement: 1 and a map. */
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import { attempt, WireError, type Decoded } from "./refusal.ts";
import { COORDINATE_MAX_DIMENSIONS } from "./serf-limits.ts";

const COORDINATE_MARK = 1;

/** A place in a space in which distances are round-trip times in seconds. */
export interface Coordinate {
  readonly vector: readonly number[];
  readonly error: number;
  readonly adjustment: number;
  readonly height: number;
}

export function encodeCoordinate(coordinate: Coordinate): Uint8Array {
  const writer = new MsgpackWriter();
  writer.byte(COORDINATE_MARK);
  writer.map(4);
  writer.text("Adjustment");
  writer.double(coordinate.adjustment);
  writer.text("Error");
  writer.double(coordinate.error);
  writer.text("Height");
  writer.double(coordinate.height);
  writer.text("Vec");
  writer.array(coordinate.vector.length);
  for (const component of coordinate.vector) writer.double(component);
  return writer.finish();
}

/** The coordinate in the payload of an acknowledgement; refused if a number is not finite. */
export function decodeCoordinate(payload: Uint8Array): Decoded<Coordinate> {
  return attempt(() => {
    const reader = new MsgpackReader(payload);
    if (reader.byte() !== COORDINATE_MARK) {
      throw new WireError("unknown", "coordinates of another version");
    }
    let [error, adjustment, height] = [0, 0, 0];
    let vector: number[] = [];
    for (let left = reader.map(); left > 0; left -= 1) {
      switch (reader.key()) {
        case "Vec":
          vector = readVector(reader);
          break;
        case "Error":
          error = reader.double();
          break;
        case "Adjustment":
          adjustment = reader.double();
          break;
        case "Height":
          height = reader.double();
          break;
        default:
          reader.skip();
      }
    }
    return { vector, error, adjustment, height };
  });
}

function readVector(reader: MsgpackReader): number[] {
  const vector: number[] = [];
  for (let count = reader.array(COORDINATE_MAX_DIMENSIONS) ?? 0; count > 0; count -= 1) {
    vector.push(reader.double());
  }
  return vector;
}
