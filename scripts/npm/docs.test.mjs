// What the npm package's types say about themselves: everything that is exported has a comment, options their defaults,
// numbers their units, and what may reject its errors.
//
//   node --test scripts/npm/docs.test.mjs

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

// The compiler's parser, which `typescript` itself has no more since it is a program: attw brings one that has.
const ts = createRequire(createRequire(import.meta.url).resolve("@arethetypeswrong/core"))("typescript");

const types = new URL("../../pkg/types/", import.meta.url);

test("no exported name lacks its documentation", async () => {
  const files = (await readdir(types)).filter((name) => name.endsWith(".d.ts"));
  const faults = [];
  for (const name of files) faults.push(...faultsOf(name, await readFile(new URL(name, types), "utf8")));
  assert.ok(files.length >= 7);
  assert.deepEqual(faults, [], `\n${faults.join("\n")}`);
});

test("what is missing is found", () => {
  // A comment counts, for editors as well, where it begins a line.
  const lines = (source) => source.replaceAll("/**", "\n/**");
  const faulty = {
    "export interface A { a: string }": ["A: no comment", "A.a: no comment"],
    "export function f(): void;": ["f: no comment"],
    "export type T = string;": ["T: no comment"],
    "/** A. */ export class C { b(): Promise<void>; private c: string }": ["C.b: no comment", "C.b: no @throws"],
    "/** A. */ export class C { /** B. */ b(): Promise<void> }": ["C.b: no @throws"],
    "/** A. */ export class C { /** B. */ b(c: string): string; /** D. */ d(): string }": ["C.b: no @throws"],
    "/** A. */ export class C { /** B. */ constructor(c: string) }": ["C.constructor: no @throws"],
    "/** A. */ export function f(a: string): string;": ["f: no @throws"],
    "export const a: string, b: string;": ["a: no comment", "b: no comment"],
    "/** A. */ export const a: number;": ["a: no unit"],
    "export default class { a: string }": ["default: no comment", "default.a: no comment"],
    "declare const a: string; export default a;": ["a: no comment"],
    "interface A { a: string } export { A as B };": ["A: no comment", "A.a: no comment"],
    "/** In bytes. */ export interface A { /** B. */ b: { /** C. */ c: number } }": ["A.b.c: no unit"],
    "/** How many bytes come. */ export interface A { /** B. */ b: number }": ["A.b: no unit"],
    "/** A. */ export interface O { /** B. */ b: { c: string } }": ["O.b.c: no comment"],
    "/** A. */ export interface AnOptions { /** @default 1 */ b?: string }": ["AnOptions.b: no comment"],
    "/** A. */ export interface AnOptions { /** B. */ b?: string }": ["AnOptions.b: no @default"],
    "/** A. */ export interface A { /** How long. */ b: number }": ["A.b: no unit"],
  };
  for (const [source, faults] of Object.entries(faulty)) {
    assert.deepEqual(faultsOf("x.d.ts", lines(source)).map((fault) => fault.replace(/^.*?: /, "")), faults, source);
  }
  const sound = `/** A. */ export interface AnOptions { /** In milliseconds. @default none */ b?: number | null; }
    /** C. */ export class C { private constructor(); /** D. @throws {Error} always */ d(): Promise<void>; }
    /** In bytes. */ export interface Sizes { /** Of the head. */ head: number }
    /** E, in bytes. */ export const e: number;
    /** F. */ declare const f: string; export { f }; export { g } from "./g.js"; export * from "./h.js";
    /** H. */ export function h(thrown: unknown): thrown is C;
    declare global { interface G { g: unknown } }
    interface Hidden { h: string }`;
  assert.deepEqual(faultsOf("x.d.ts", lines(sound)), []);
});

const UNITS = /millisecond|second|bytes?\b|character|how many|how often|how much|status|place\b|kilobyte|place in/i;

/** A unit that is that of all members. */
const OF_ALL = /\bin (milliseconds|seconds|bytes|characters)\b|^(milliseconds|seconds|bytes)\b/i;

function faultsOf(name, text) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const faults = [];
  for (const statement of source.statements) {
    const exported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (exported) look(statement);
    else if (ts.isExportAssignment(statement)) named(statement.expression.getText());
    // What another file has is looked at there.
    else if (ts.isExportDeclaration(statement) && !statement.moduleSpecifier) {
      for (const { name, propertyName } of statement.exportClause.elements) named((propertyName ?? name).text);
    }
  }
  return faults;

  function look(statement) {
    if (!ts.isVariableStatement(statement)) return visit(statement, statement.name?.text ?? "default");
    // The comment stands before the statement.
    for (const declaration of statement.declarationList.declarations) visit(declaration, declaration.name.getText());
  }

  /** What is exported apart from where it is declared. */
  function named(name) {
    const declares = (statement) => (statement.declarationList?.declarations ?? [statement]).some((one) => one.name?.getText() === name);
    const found = source.statements.filter(declares);
    if (found.length === 0) faults.push(`pkg/types/${source.fileName}:1: ${name}: not found`);
    for (const statement of found) look(statement);
  }

  /** `outer` is what the comment around it says. */
  function visit(node, path, outer = "") {
    const fault = (words) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      faults.push(`pkg/types/${name}:${line + 1}: ${path}: ${words}`);
    };
    const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
    const words = docs.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "").join(" ");
    const tags = new Set(ts.getJSDocTags(node).map(({ tagName }) => tagName.text));
    if (!words.trim()) fault("no comment");
    if (/Options\b/.test(path) && node.questionToken && !tags.has("default")) fault("no @default");
    const isNumeric = (isProperty(node) || ts.isVariableDeclaration(node)) && isNumber(node.type);
    if (words.trim() && isNumeric && !UNITS.test(words) && !OF_ALL.test(outer)) fault("no unit");
    if (mayFail(node, path) && !tags.has("throws")) fault("no @throws");
    for (const [member, place] of membersOf(node, path)) visit(member, place, words);
  }

  /** Members, and those of types that are written where they are used. */
  function membersOf(node, path) {
    const found = [];
    const look = (child) => {
      const hidden = child.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword);
      const shut = child.type?.kind === ts.SyntaxKind.NeverKeyword && !/Options$/.test(path); // so that no such object fits
      if (hidden || shut) return;
      const named = isProperty(child) || ts.isMethodSignature(child) || ts.isMethodDeclaration(child) || ts.isConstructorDeclaration(child);
      if (named) found.push([child, `${path}.${child.name?.getText() ?? "constructor"}`]);
      // What a call takes and gives is said in the call's own words.
      else if (!ts.isParameter(child) && !ts.isIndexSignatureDeclaration(child) && !ts.isMappedTypeNode(child)) ts.forEachChild(child, look);
    };
    if (!ts.isFunctionDeclaration(node) && !ts.isMethodSignature(node) && !ts.isMethodDeclaration(node)) ts.forEachChild(node, look);
    return found;
  }
}

function isProperty(node) {
  return ts.isPropertySignature(node) || ts.isPropertyDeclaration(node) || ts.isAccessor(node);
}

function isNumber(type) {
  if (type && ts.isUnionTypeNode(type)) return type.types.some(isNumber);
  return type?.kind === ts.SyntaxKind.NumberKeyword;
}

/** What takes something and is at its end whatever that is, and what ends well in any case. */
const NEVER_FAIL = ["safeFileName", "SessionEventSource.[Symbol.asyncDispose]", "SessionResponse.link", "SessionWebSocket.[Symbol.asyncDispose]"];

/** Whether it gives a promise, or what is looped over by `for await`, or takes what may be wrong. */
function mayFail(node, path) {
  if (NEVER_FAIL.includes(path)) return false;
  if (ts.isConstructorDeclaration(node)) return node.parameters.length > 0;
  if (!ts.isFunctionDeclaration(node) && !ts.isMethodSignature(node) && !ts.isMethodDeclaration(node)) return false;
  if (/^(Promise|AsyncIterableIterator|AsyncGenerator|AsyncIterable)</.test(node.type?.getText() ?? "")) return true;
  const tells = node.type !== undefined && ts.isTypePredicateNode(node.type);
  return node.parameters.length > 0 && !tells;
}
