<?php
// What the clients in PHP share: where slotway is, and steps that are told of one by one.

// A session cannot start once something was written.
ob_start();

define('HOST', getenv('CLIENT_TEST_HOST'));
define('PORT', (int) getenv('CLIENT_TEST_PORT'));
define('PASSWORD', getenv('CLIENT_TEST_PASSWORD'));

function step(string $name, callable $run): void
{
    try {
        $run();
        echo "ok $name\n";
    } catch (Throwable $error) {
        fwrite(STDERR, "$error\n");
        $message = str_replace("\n", ' ', substr($error->getMessage(), 0, 300));
        echo "failed $name: line {$error->getLine()}: $message\n";
    }
}

function equal($left, $right): void
{
    if ($left != $right) {
        throw new Exception(json_encode($left) . ' is not ' . json_encode($right));
    }
}

function pairs(int $count): array
{
    $pairs = [];
    for ($i = 0; $i < $count; $i++) {
        $pairs["many:$i"] = (string) $i;
    }
    return $pairs;
}

function restart_slotway(): void
{
    system(getenv('CLIENT_TEST_RESTART'), $status);
    equal($status, 0);
}
