/** Network coordinates of serf (Vivaldi), in the payload of an acknowledgement: 1 and a map. */
import * as field from "./map-fields.ts";
import { MapOf } from "./map-fields.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import { attempt, WireError, type Decoded } from "./refusal.ts";
import { COORDINATE_MAX_DIMENSIONS } from "./serf-limits.ts";

const COORDINATE_MARK = 1;

const place = new MapOf({
  vector: field.list("Vec", COORDINATE_MAX_DIMENSIONS, (reader) => reader.double()),
  error: field.double("Error"),
  adjustment: field.double("Adjustment"),
  height: field.double("Height"),
});

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
    return place.read(reader);
  });
}
