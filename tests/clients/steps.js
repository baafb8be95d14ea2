'use strict';
// What the clients in JavaScript share: where slotway is, and steps that are told of one by one.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const environment = process.env;
const host = environment.CLIENT_TEST_HOST;
const port = Number(environment.CLIENT_TEST_PORT);
const password = environment.CLIENT_TEST_PASSWORD;
const jobs = Number(environment.CLIENT_TEST_JOBS);
const seconds = 30;

// This client cannot do that, whoever it talks to.
class Without extends Error {}

function version(name) {
    // Not every package lets others require its package.json.
    const file = path.join(environment.NODE_PATH, name, 'package.json');
    console.log(`version ${JSON.parse(fs.readFileSync(file)).version}`);
}

function timeLimit() {
    return new Promise((_, reject) => {
        setTimeout(() => reject(new Error(`no answer in ${seconds} seconds`)), seconds * 1000).unref();
    });
}

// Runs the function, and tells how that went.
async function step(name, run) {
    try {
        await Promise.race([run(), timeLimit()]);
        console.log(`ok ${name}`);
    } catch (error) {
        if (error instanceof Without) {
            console.log(`without ${name}: ${error.message}`);
            return;
        }
        console.error(error);
        const place = /tests\/clients\/(?!steps)[^:]*:\d+/.exec(error.stack) || [''];
        const message = String(error.message).replaceAll('\n', ' ').slice(0, 300);
        console.log(`failed ${name}: ${place[0]} ${error.name}: ${message}`);
    }
}

async function until(condition, limit = seconds) {
    for (const deadline = Date.now() + limit * 1000; Date.now() < deadline; ) {
        if (await condition()) {
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`not true after ${limit} seconds: ${condition}`);
}

function restartSlotway() {
    return promisify(execFile)(environment.CLIENT_TEST_RESTART);
}

function range(count) {
    return [...Array(count).keys()];
}

module.exports = {
    assert, equal: assert.deepEqual, host, jobs, password, port, range, restartSlotway, step, until,
    version, Without,
};
