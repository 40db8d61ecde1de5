// For tests outside of this folder, from where npm's packages are not found.

export { parse } from 'parse5';
