<?php
require "answer.php";
echo "parts: ", answer(), "\n";
