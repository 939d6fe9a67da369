/**
 * Types of the server's shapes: `npm run gen -- openapi.json`, with what `tongka openapi` prints. Only the named shapes
 * are taken; paths and list rows are left out, because the console calls through one door and lists describe themselves.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';

const [source] = process.argv.slice(2);
if (!source) throw new Error('which document? npm run gen -- openapi.json');
const document = JSON.parse(readFileSync(source, 'utf8'));
const named = Object.entries(document.components.schemas).filter(([name]) => !/^(Row|Page|List)_/.test(name));
const shapes = { openapi: document.openapi, info: document.info, paths: {}, components: { schemas: Object.fromEntries(named) } };
const types = astToString(await openapiTS(shapes));
writeFileSync(join(import.meta.dirname, '../src/api/schema.d.ts'), `/** Made by \`npm run gen\` from the server's OpenAPI document; not edited by hand. */\n${types}`);
