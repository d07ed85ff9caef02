const zlib = require("zlib"), crypto = require("crypto");
const data = require("fs").readFileSync(0);
console.log(zlib.inflateSync(zlib.deflateSync(data)).equals(data), crypto.createHash("md5").update(data).digest("hex"));
zlib.gzip(data, (error, packed) => zlib.gunzip(packed, (_, back) => console.log(error, back.length)));
console.log(crypto.createHmac("sha1", "key").update("msg").digest("base64"), crypto.pbkdf2Sync("p", "s", 100, 16, "sha512").toString("hex"));
