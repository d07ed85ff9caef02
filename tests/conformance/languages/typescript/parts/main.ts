import { answer } from "./answer";

console.log("parts:", answer());
