'use strict';
// The fork of ioredis for Valkey.

const { tryAll } = require('./ioredis.js');

tryAll('iovalkey', require('iovalkey').Redis);
