import type { DualfetchError } from "./errors.js";
import type { AnyRequestOptions } from "./options.js";

/** One server-sent event. */
export interface ServerEvent {
  /** Its name: `message` where the server gives none. */
  event: string;
  /** Its data, the lines of which are joined by LF. May be empty; an event that has no `data` at all is none. */
  data: string;
  /** The stream's last event id as of this event: its own, or that of an earlier one. "" where there is none. */
  id: string;
  /** The reconnection time in milliseconds, where the server has set it since the event before; else null. */
  retry: number | null;
}

/** What `events` takes. */
export interface EventsOptions {
  /**
   * How many characters an event's data and name, and any one line, may have; more is an error of code `line_too_long`.
   * So is an id of more than 8 KiB, whatever is set here: hardly a server takes a longer header field.
   * @default 1_048_576
   */
  maxEvent?: number;
  /**
   * Whether any content type is taken, for servers that send events as `text/plain`.
   * @default false
   */
  anyType?: boolean;
}

/** What `jsonLines` takes. */
export interface JsonLinesOptions {
  /**
   * How many characters a line may have; more is an error of code `line_too_long`.
   * @default 1_048_576
   */
  maxLine?: number;
  /**
   * What makes a value of a line. A promise is waited for.
   * @default the request's or the session's `parseJson`, else `JSON.parse`
   */
  parseJson?: (text: string) => unknown;
}

/**
 * What `eventSource` takes. `timeout.total` and `maxBody` are none unless they are set here: the session's are not for
 * streams without an end. `timeout.read` notices a server that falls silent, `timeout.headers` one that does not answer. A body
 * that is a stream is read to its end for the first connection, and kept for the later ones.
 */
export interface EventSourceOptions extends Omit<AnyRequestOptions, "raiseForStatus" | "throwHttpErrors">, EventsOptions {
  /**
   * Goes on after this event: `Last-Event-ID`.
   * @default none
   */
  lastEventId?: string;
  /**
   * Milliseconds before a lost stream is connected again, until the server sets others (`retry`). What the server sets
   * counts as 500 if it is less, or as this where this is less still.
   * @default 3000
   */
  reconnectionTime?: number;
  /**
   * Milliseconds that no pause passes, whatever failures have doubled it to or the server has set; a `Retry-After` is waited
   * for past it, up to an hour.
   * @default 60_000
   */
  maxReconnectionTime?: number;
  /**
   * How many connections in a row may fail, by no answer or by one that is no stream, before the last one's error ends it;
   * `null` for no limit.
   * @default null
   */
  maxAttempts?: number | null;
  /**
   * Is told each time that it will be connected again, before the pause.
   * @default none
   */
  onLost?: (lost: {
    /** Why; null where the stream has come to its end. */
    error: DualfetchError | null;
    /** Milliseconds before it is connected again. */
    pause: number;
    /** How many connections in a row have failed. */
    failed: number;
  }) => void;
}

/**
 * Server-sent events that go on where the connection is lost. The first connection is made when the first event is asked for;
 * its failure is an error at once, to try it again is left to `retry`.
 *
 * Then it is connected again when the stream has ended and after what may pass: no connection, one that is cut, timeouts but
 * for the queue and the wall clock, and the statuses 408, 425, 429 and 5xx. It asks then for what comes after the last event,
 * having waited for the reconnection time. Each connection in a row that brings no event doubles that, between half of it and
 * all at random; the first event sets it back. A `Retry-After` is waited for. It ends when the server says so, by status 204,
 * and after an error: any other status, another content type, an event or an id that is too long, a closed session,
 * or by a signal, with its own reason: what had come and was not taken is dropped then.
 *
 * It holds a permit of the session while it is connected, and none while it pauses. Leaving the loop ends it.
 */
export interface SessionEventSource extends AsyncIterableIterator<ServerEvent> {
  /** The id that it goes on after; "" where there is none. */
  readonly lastEventId: string;
  /**
   * Ends it: the connection, or the wait for one. A loop that waits for an event ends; what had come and was not taken is
   * dropped.
   */
  close(): void;
  /** The events. */
  [Symbol.asyncIterator](): SessionEventSource;
  /** Ends it, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
